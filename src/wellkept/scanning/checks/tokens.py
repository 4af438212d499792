"""Checks of single token families. Each takes a ``Candidate`` and answers as ``hooks.Check`` says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..generic.letters import likeness
from ..generic.placeholder import is_pattern, is_placeholder
from . import bech32 as _bech32
from .crc import closed_by_base62, closed_by_hex, crc32
from .structure import json_object, unbase64

if TYPE_CHECKING:
    from ..hooks import Candidate

_EXAMPLE = re.compile(
    rb"(?i)placehold|redacted|unique phrase|change.?me|your[-_]|xxxx|\.\.\.|\*\*\*|foobar|examplekey"
)
_TELLING = re.compile(rb"(?i)key|token|secret|pass|auth|cred|api")
_COUNTED = re.compile(rb"(?i)example|sample|dummy|fake|0000000|1234567890|abcdefgh|deadbeef")


def token(candidate: Candidate) -> bool | float | None:
    """For tokens with a prefix of their own: dismisses masks, doubts examples and counting, has no opinion on the rest."""
    secret = candidate.secret
    if _EXAMPLE.search(secret) or len(set(_body(secret))) < 6:
        return False
    return COUNTED if _COUNTED.search(secret) or is_pattern(_body(secret)) else None


COUNTED = 0.45
"""The confidence of a token of the right form with ``1234567890`` in it: made up, or a real one altered by hand."""


def named(candidate: Candidate) -> bool | float | None:
    """For plain values beside a provider's name: must not be a word, a hash under its own name, a placeholder."""
    from ..generic.named import judge_named

    return judge_named(candidate)


def service(candidate: Candidate) -> bool | float | None:
    """As ``named``, and drawn by lot: the form of the value is not known, so its looks must tell."""
    from ..generic.named import judge_named
    from ..generic.values import strength

    secret = candidate.secret
    if (
        len(secret) < 16
        or strength(secret, quoted=True) < 0.45
        or (len(secret) < 20 and not _lettered(secret))
    ):
        return False
    return judge_named(candidate)


def drawn(candidate: Candidate) -> bool | float | None:
    """As ``token``, for a short prefix that names of code bear too: the body has digits and looks drawn by lot."""
    from ..generic.values import strength

    body = candidate.secret[3:].lstrip(b"_.")
    if (
        sum(48 <= byte <= 57 for byte in body) < 2
        or strength(body, quoted=True) < 0.75
        or likeness(body) > 3.0
    ):
        return False
    return token(candidate)


def _lettered(secret: bytes) -> bool:
    """Three digits or more, and letters between them."""
    digits = sum(48 <= byte <= 57 for byte in secret)
    return 3 <= digits < len(secret) - 3


def crc_base62(candidate: Candidate) -> bool | float | None:
    """Six base-62 digits of CRC-32 at the end: over what follows the prefix (GitHub, npm), or over all before."""
    if token(candidate) is False:
        return False
    secret = candidate.secret
    body, end = secret[:-6], secret[-6:]
    proven = closed_by_base62(body[body.find(b"_") + 1 :], end) or closed_by_base62(body, end)
    return True if proven else None


def crc_hex(candidate: Candidate) -> bool | float | None:
    """Eight hexadecimal digits of CRC-32 at the end (Grafana, Cloudflare, Zuplo)."""
    if token(candidate) is False:
        return False
    body, end = candidate.secret[:-8], candidate.secret[-8:]
    rest = body.rstrip(b"_")
    proven = any(closed_by_hex(part, end) for part in (body, rest, rest[rest.find(b"_") + 1 :]))
    return True if proven else None


def gitlab_routable(candidate: Candidate) -> bool | None:
    """Seven base-36 digits of CRC-32 close GitLab's routable tokens."""
    if token(candidate) is False:
        return False
    body, end = candidate.secret[:-7], candidate.secret[-7:]
    number, digits = crc32(body), b""
    while number:
        number, rest = divmod(number, 36)
        digits = b"0123456789abcdefghijklmnopqrstuvwxyz"[rest : rest + 1] + digits
    return True if digits.rjust(7, b"0") == end else None


def bech32(candidate: Candidate) -> bool | float:
    """Keys of age and Nostr close with a bech32 checksum."""
    return True if _bech32.valid(candidate.secret.decode("ascii", "replace")) else 0.6


def aws_key_id(candidate: Candidate) -> bool | None:
    """AWS' own examples end in ``EXAMPLE``; real ids have at least a digit or are not a word."""
    secret = candidate.secret
    return (
        False
        if b"EXAMPLE" in secret or is_pattern(secret[4:]) or (secret[4:].isalpha() and _worded(secret))
        else None
    )


def aws_secret(candidate: Candidate) -> bool | float | None:
    """Forty characters with both cases and digits, neither a hash, nor a path, nor AWS' example."""
    secret = candidate.secret
    if b"EXAMPLE" in secret or is_placeholder(secret) or not _mixed(secret) or secret.count(b"/") > 4:
        return False
    if likeness(secret) > 3.2 or re.fullmatch(rb"(?:[A-Za-z]{3,}[/+]?)+", secret):
        return False
    from ..generic.named import judge_named

    return judge_named(candidate)


def discord(candidate: Candidate) -> bool | None:
    """The first part of a Discord bot token is the bot's numeric id in base64."""
    if token(candidate) is False:
        return False
    first = unbase64(candidate.secret.partition(b".")[0])
    return True if first is not None and first.isdigit() else None


def basic_auth(candidate: Candidate) -> bool | float | None:
    """Base64 of ``user:password`` where a password stands after the colon."""
    text = unbase64(candidate.secret)
    if text is None or b":" not in text or not text.isascii() or not text.decode().isprintable():
        return False
    user, _, password = text.partition(b":")
    if (
        len(password) < 3
        or is_placeholder(password)
        or password.lower() in (b"password", b"pass", user.lower())
    ):
        return False
    return None


def docker_auth(candidate: Candidate) -> bool | float | None:
    """The ``auth`` of a Docker ``config.json``: base64 of user and password."""
    verdict = basic_auth(candidate)
    return True if verdict is None else verdict


def sentry_org(candidate: Candidate) -> bool | None:
    """The payload of a Sentry organisation token is JSON with the time of issue."""
    payload = unbase64(candidate.secret.removeprefix(b"sntrys_").partition(b"_")[0])
    return True if payload and json_object(payload) else None


def _body(secret: bytes) -> bytes:
    head, mark, tail = secret.rpartition(b"_")
    return tail if mark and len(tail) >= len(head) else secret


def _mixed(secret: bytes) -> bool:
    return (
        any(48 <= b <= 57 for b in secret)
        and any(97 <= b <= 122 for b in secret)
        and any(65 <= b <= 90 for b in secret)
    )


def _worded(secret: bytes) -> bool:
    return any(
        word in secret for word in (b"KEY", b"ACCESS", b"TEST", b"FAKE", b"FOO", b"YOUR", b"AAAA", b"XXXX")
    )
