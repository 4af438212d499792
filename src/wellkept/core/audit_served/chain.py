"""One process's chain of lines on one device, and the note of its end that the store keeps.

A line begins with the chain's random identifier and its number, and ends with the mac of the line before
and its own, as in ``audit_chain``. The note (``End``) says up to which line the chain must be found, and
with which line it begins in the file it is in now: a chain goes on when its file is rotated.
"""

from __future__ import annotations

import os
from _operator import _compare_digest as bytes_eq
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives import hashes, hmac

from ...errors import IntegrityError
from ..audit_chain import GENESIS, mac_of, subkey

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAC_FIELD = b',"mac":"'
_TAIL = len(_MAC_FIELD) + 64 + len(b'"}')
_START = b'{"chain":"'
ID_LENGTH = 16


class Place(NamedTuple):
    """What a genuine line says of itself. ``torn``: digests of unfinished pieces that its chain left before it."""

    chain: str
    seq: int
    prev: str
    mac: str
    torn: tuple[str, ...]


class End(NamedTuple):
    """The last line of a chain (``seq``, ``mac``); ``first`` and ``first_prev`` of the file that it is in, whose
    inode number is ``inode`` (0: no file)."""

    seq: int
    mac: str
    first: int
    first_prev: str
    inode: int


class Keys:
    """Signs and checks lines and ends, with keys made from ``key`` (32 bytes)."""

    __slots__ = ("_end", "_line", "_torn")

    def __init__(self, key: bytes) -> None:
        self._line = hmac.HMAC(subkey(key, b"wellkept served audit line"), hashes.SHA256())
        self._end = hmac.HMAC(subkey(key, b"wellkept served audit end"), hashes.SHA256())
        self._torn = hmac.HMAC(subkey(key, b"wellkept served audit torn"), hashes.SHA256())

    def sign(self, body: bytes) -> str:
        context = self._line.copy()
        context.update(body)
        return context.finalize().hex()

    def torn(self, piece: bytes) -> str:
        return mac_of(self._torn, piece)

    def check(self, line: bytes) -> Place | None:
        """The place of ``line`` (without newline), or ``None`` when it is not as it was signed."""
        body, tail = line[:-_TAIL], line[-_TAIL:]
        if not (line.startswith(_START) and tail.startswith(_MAC_FIELD) and tail.endswith(b'"}')):
            return None
        mac = tail[len(_MAC_FIELD) : -2]
        if not bytes_eq(self.sign(body).encode(), mac):
            return None
        # The mac holds, so the line was made by ``Chain.lines``, and has its shape.
        at = len(_START) + ID_LENGTH
        seq, _, rest = body[at + len(b'","seq":') :].partition(b",")
        torn = rest[8 : rest.index(b'"', 8)].decode() if rest.startswith(b'"torn":"') else ""
        return Place(
            body[len(_START) : at].decode(),
            int(seq),
            body[-65:-1].decode(),
            mac.decode(),
            tuple(torn.split()),
        )

    def seal_end(self, chain: str, end: End) -> bytes:
        """``end`` as bytes to be stored."""
        text = f"2 {chain} {end.seq} {end.mac} {end.first} {end.first_prev} {end.inode}"
        return f"{text} {mac_of(self._end, text.encode())}".encode()

    def open_end(self, chain: str, stored: bytes | None) -> End:
        """The end from its stored bytes. Raises ``IntegrityError`` when it is missing or not authentic."""
        text, _, mac = (stored or b"").rpartition(b" ")
        words = text.decode("ascii", "replace").split(" ")
        if not text or not bytes_eq(mac_of(self._end, text).encode(), mac) or words[1] != chain:
            state = "is missing from the store" if stored is None else "in the store is damaged"
            raise IntegrityError(
                f"the end of the audit chain {chain} {state}; restore the store from a backup"
            )
        return End(int(words[2]), words[3], int(words[4]), words[5], int(words[6]))


class Chain:
    """The chain that this process writes to one device."""

    __slots__ = ("_head", "_keys", "_torn", "first", "first_prev", "id", "mac", "seq")

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._torn: list[bytes] = []
        self.id = os.urandom(ID_LENGTH // 2).hex()
        self._head = f'{{"chain":"{self.id}","seq":'
        self.seq = 0
        self.mac = GENESIS
        self.begin_file()

    def begin_file(self) -> None:
        """What follows stands in another file."""
        self.first, self.first_prev = self.seq + 1, self.mac
        self._torn = []

    def end(self, inode: int) -> End:
        return End(self.seq, self.mac, self.first, self.first_prev, inode)

    def lines(self, records: Sequence[str]) -> list[bytes]:
        """The lines that follow, for ``records`` (JSON members without braces); ``wrote`` tells what became of them."""
        seq, mac = self.seq, self.mac
        head = self._head
        if len(records) == 1 and not self._torn:  # one a read
            body = f'{head}{seq + 1},{records[0]},"prev":"{mac}"'.encode()
            return [b'%b,"mac":"%b"}\n' % (body, self._keys.sign(body).encode())]
        torn = f'"torn":"{" ".join(map(self._keys.torn, self._torn))}",' if self._torn else ""
        lines = []
        for record in records:
            seq += 1
            body = f'{head}{seq},{torn}{record},"prev":"{mac}"'.encode()
            mac = self._keys.sign(body)
            lines.append(b'%b,"mac":"%b"}\n' % (body, mac.encode()))
            torn = ""
        if self._torn:
            lines[0] = b"\n" + lines[0]  # ends the piece that was left unfinished
        return lines

    def wrote_all(self, lines: Sequence[bytes]) -> None:
        """All of ``lines`` stand on the device."""
        self.seq += len(lines)
        self.mac = lines[-1][-67:-3].decode()
        if self._torn:
            self._torn = []

    def wrote(self, lines: Sequence[bytes], count: int) -> bool:
        """Of ``lines``, the first ``count`` bytes stand on the device. Whether that is all."""
        for line in lines:
            if count < len(line):
                self._tear(line[:count])
                return False
            count -= len(line)
            self.seq += 1
            self.mac = line[-67:-3].decode()
            self._torn = []
        return True

    def _tear(self, piece: bytes) -> None:
        if self._torn and piece.startswith(b"\n"):
            piece = piece[1:]  # its newline ended the piece before
        if piece:
            self._torn.append(piece)
