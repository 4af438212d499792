"""Masking: what every output shows of a line instead of the secrets on it.

All secrets of the run are masked wherever they occur, in every form that the redactor knows, and also where a
line was cut in the middle of one. A line that a decoded finding stands on is not shown at all: nobody can say
which of its characters give the secret away.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..redaction.known import MIN_LENGTH, Known
from ..redaction.ordinary import PUBLIC
from ..redaction.redactor import Redactor
from ..secret import Secret
from .finding import LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .finding import Finding
    from .location import Location

MASK = "*****"
DECODED = "(not shown: the secret is encoded on this line)"
_LEAST_PART = 4
_KNOWN = 2000
_START = re.compile(rb"^[A-Za-z0-9+/=_.%\\&;:-]{1,200}(?![A-Za-z0-9*])")
_END = re.compile(rb"(?<![A-Za-z0-9*])[A-Za-z0-9+/=_.%\\&;:-]{1,200}$")


class Masker:
    """Knows the secrets of ``findings``; ``line`` and ``text`` give what may be shown."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._encoded: set[tuple[str, str | None, int]] = set()
        values: set[bytes] = set()
        for finding in findings:
            value = finding.secret.reveal_bytes()
            values.add(value)
            for place in (finding.location, *finding.also):
                if place.decoded:
                    self._encoded |= {
                        _where(place, number) for number in range(place.line, place.end_line + 1)
                    }
        ordered = sorted(values, key=lambda value: (-len(value), value))
        self._redactors = [_redactor(ordered[at : at + _KNOWN]) for at in range(0, len(ordered), _KNOWN)] or [
            _redactor([])
        ]
        self._heads: dict[bytes, list[bytes]] = {}
        self._tails: dict[bytes, list[bytes]] = {}
        for value in ordered:
            if len(value) > _LEAST_PART:
                self._heads.setdefault(value[:_LEAST_PART], []).append(value)
                self._tails.setdefault(value[-_LEAST_PART:], []).append(value)
        self._tiny = [
            value for value in ordered if 0 < len(value) < MIN_LENGTH or value.decode("latin-1") in PUBLIC
        ]

    def line(self, finding: Finding) -> str:
        """The line that ``finding`` stands on, as one line of harmless text."""
        place = finding.location
        if _where(place, place.line) in self._encoded:
            return DECODED
        line, value = finding.line, finding.secret.reveal_bytes()
        if value and value not in line and not _any_line(value, line):
            return DECODED
        line = self._masked(line)
        if len(finding.line) >= LINE_BYTES - 8:
            line = self._without_ends(line)
        return escape(line.decode("utf-8", "surrogateescape").strip("\r\n"))

    def text(self, text: str) -> str:
        """``text`` with every known secret masked, and control characters escaped."""
        return escape(
            self._masked(text.encode("utf-8", "surrogateescape" if _encodable(text) else "replace")).decode(
                "utf-8", "surrogateescape"
            )
        )

    def _without_ends(self, line: bytes) -> bytes:
        """A line that was cut, without the half of a secret at either end; nor the half of a word, which may be
        one's encoded form."""
        for at in range(len(line) - _LEAST_PART + 1):
            if any(value.startswith(line[at:]) for value in self._heads.get(line[at : at + _LEAST_PART], ())):
                line = line[:at] + MASK.encode()
                break
        for end in range(len(line), _LEAST_PART - 1, -1):
            if any(
                value.endswith(line[:end]) for value in self._tails.get(line[end - _LEAST_PART : end], ())
            ):
                line = MASK.encode() + line[end:]
                break
        return _END.sub(b"...", _START.sub(b"...", line))

    def _masked(self, raw: bytes) -> bytes:
        for redactor in self._redactors:
            raw = redactor.redact(raw)
        for value in self._tiny:
            raw = raw.replace(value, MASK.encode())
        return raw


def _redactor(values: list[bytes]) -> Redactor:
    known = Known()
    known.remember_all(Secret(value, name=f"finding/{number}") for number, value in enumerate(values))
    return Redactor(known, named=MASK, unnamed=MASK)


def escape(text: str) -> str:
    r"""``text`` on one line of printable characters: an escape code becomes ``\x1b``, a lone byte ``\xff``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return ascii(char)[1:-1]


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _where(place: Location, line: int) -> tuple[str, str | None, int]:
    return (place.display, place.commit, line)


def _any_line(value: bytes, line: bytes) -> bool:
    """Whether ``line`` is one of the lines of a value that has several."""
    return b"\n" in value and any(part.strip() and part.strip() in line for part in value.splitlines())
