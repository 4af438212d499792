"""What is looked for of one secret: its parts, in every form that they take, and fragments of long ones.

Hexadecimal has no forms here: the matcher decodes runs of it, and so finds both cases at any alignment.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from ...redaction import forms as encodings
from ...redaction.ordinary import is_ordinary
from ...redaction.parts import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...secret import Secret

MIN_LENGTH = 8
"""Bytes of a value, or of a part of one, below which it is not looked for."""

MIN_BITS = 20.0
"""Bits that a value must hold by its own letters' frequencies: "aaaaaaaa" and "password" stand in every text."""

LONGEST = 1024
"""Bytes of a value that is looked for as a whole; of a longer one its fragments are."""

FRAGMENT = 32
"""Bytes of a fragment: a leak of 63 or more consecutive bytes of a long value holds one."""

_WORDY = re.compile(rb"\s|[a-z]{7}|[A-Z]{7}").search
"""Text, as opposed to what is generated: fragments with such runs are left out."""

_PUBLIC_WORDS = frozenset(
    {
        *("password", "postgres", "postgresql", "username", "localhost", "production", "development"),
        *("changeme", "administrator", "default", "disabled", "database", "example.com"),
    }
)


class Variant(NamedTuple):
    """``body`` to find, the encoding's name (``form``), and which ``part`` of the secret it is ("" for all of it).
    ``size``: bytes of what was encoded."""

    body: bytes
    form: str
    part: str
    fragment: bool
    size: int


def variants(secret: Secret) -> Iterator[Variant]:
    """Everything to look for of ``secret``; nothing when it is a setting, or too short to be told from text."""
    seen: set[bytes] = set()
    for part, label, fragment in _pieces(secret):
        for body, form in _encoded(part):
            if body not in seen:
                seen.add(body)
                yield Variant(body, form, label, fragment, len(part))


def worth(value: bytes) -> bool:
    """Whether ``value`` is long and irregular enough that finding it means something."""
    if len(value) < MIN_LENGTH or bits(value) < MIN_BITS:
        return False
    return value.lower().decode("latin-1") not in _PUBLIC_WORDS and not _common(value)


def bits(value: bytes) -> float:
    """Shannon's entropy of ``value`` by the frequencies of its own bytes, times its length."""
    size = len(value)
    counts = [value.count(code) for code in set(value)]
    return -sum(count * math.log2(count / size) for count in counts)


def _common(value: bytes) -> bool:
    """One short word or number, in letters of one case, or digits: text is full of them."""
    return len(value) < 12 and (value.isdigit() or (value.isalpha() and (value.islower() or value.istitle())))


def _pieces(secret: Secret) -> Iterator[tuple[bytes, str, bool]]:
    name = secret.name
    whole = secret.reveal_bytes()
    if not secret.is_binary and is_ordinary(name, secret.reveal()):
        return
    public = _public_lines(whole)
    for part in parts(secret):
        label = part.label[len(name) :].lstrip("#") if part.label.startswith(name) else part.label
        value = part.value
        if value in public or is_ordinary(label.rpartition(".")[2], value.decode("utf-8", "replace")):
            continue
        if len(value) <= LONGEST and worth(value):
            yield value, label, not part.joins and label == "" and value not in (whole, whole.strip())
        if len(value) >= 2 * FRAGMENT and (secret.is_binary or not _structured(value)):
            for at in [*range(0, len(value) - FRAGMENT, FRAGMENT), len(value) - FRAGMENT]:
                piece = value[at : at + FRAGMENT]
                if _random(piece, secret.is_binary):
                    yield piece, label, True


def _structured(value: bytes) -> bool:
    """JSON, PEM and connection strings are looked for by their fields, lines and passwords: the rest is in every
    file that speaks of the same thing."""
    start = value.lstrip()[:64]
    return start[:1] in (b"{", b"[") or start.startswith(b"-----BEGIN ") or b"://" in start or b";" in value


def _random(piece: bytes, binary: bool) -> bool:
    """Whether a fragment looks generated: words and markup would be found wherever somebody writes the same."""
    return len(set(piece)) >= 10 and bits(piece) >= 100 and (binary or not _WORDY(piece))


def _public_lines(whole: bytes) -> frozenset[bytes]:
    """The lines of certificates and public keys that lie in the same value: they are no secret."""
    found: set[bytes] = set()
    public = False
    for line in whole.splitlines():
        bare = line.strip()
        if bare.startswith(b"-----BEGIN "):
            public = b"CERTIFICATE" in bare or b"PUBLIC KEY" in bare
        elif bare.startswith(b"-----END "):
            public = False
        elif public:
            found.add(bare)
    return frozenset(found)


def _encoded(value: bytes) -> Iterator[tuple[bytes, str]]:
    yield value, "plain"
    for alignment in range(3):
        body = encodings._base64_inside(alignment)(value)
        if body != value and len(body) >= MIN_LENGTH:
            yield body, "base64"
            safe = body.translate(encodings._URLSAFE)
            if safe != body:
                yield safe, "base64url"
    if not encodings._UNCHANGED(value):
        for form in encodings.COMMON_ESCAPES:
            body = form(value)
            if body != value:
                yield body, "escaped"
