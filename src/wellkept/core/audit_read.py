"""Reading the audit log: the last lines, those after a sequence number, and those still to come.

Shows what stands in the file; whether it is genuine is ``audit_verify``'s question.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from ..errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

_BLOCK = 65536
_START = b'{"seq":'


def lines(
    path: str,
    *,
    last: int | None = None,
    after: int = 0,
    follow: bool = False,
    pause: Callable[[], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """The records as dictionaries, oldest first.

    ``last``: only so many from the end. ``after``: only those with a greater sequence number. ``follow``:
    go on for ever with what is appended, calling ``pause`` between looks. A line that is no record comes as
    ``{"unreadable": its number in what was read}``. Raises ``AuditError`` when the file cannot be read.
    """
    file = _open(path)
    try:
        if last is not None and file is not None:
            file.seek(_start_of_last(file, last))
        position = 0 if file is None else file.tell()
        number = 0
        while True:
            for line in file or ():
                if not line.endswith(b"\n"):
                    break
                position += len(line)
                number += 1
                if _seq(line) > after:
                    yield _parse(line, number)
            if not follow or pause is None:
                return
            pause()
            file, position = _again(path, file, position)
    finally:
        if file is not None:
            file.close()


def _again(path: str, file: BinaryIO | None, position: int) -> tuple[BinaryIO | None, int]:
    """The same file at the same place, or the one that has taken its place."""
    if file is not None:
        if os.path.exists(path) and os.path.samestat(os.stat(path), os.fstat(file.fileno())):
            file.seek(min(position, os.fstat(file.fileno()).st_size))
            return file, file.tell()
        file.close()
    return _open(path), 0


def _open(path: str) -> BinaryIO | None:
    reason = ""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
    raise AuditError(f"cannot read the audit log {path}: {reason}")


def _start_of_last(file: BinaryIO, count: int) -> int:
    """The offset at which the last ``count`` lines begin."""
    end = file.seek(0, os.SEEK_END)
    if count <= 0:
        return end
    found = 0
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        block = file.read(end - start)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            found += 1
            if found > count:
                return start + at + 1
        end = start
    return 0


def _seq(line: bytes) -> int:
    digits = line[len(_START) : line.find(b",", 0, 40)] if line.startswith(_START) else b""
    return int(digits) if digits.isdigit() else 2**63


def _parse(line: bytes, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    return record if isinstance(record, dict) else {"unreadable": number}
