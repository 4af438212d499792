"""Files that the user names: read within a bound, written with mode 0600 and never through a link."""

from __future__ import annotations

import os
import sys

from ..errors import InvalidRequest

STDIN = "-"


def read(path: str, limit: int) -> bytes:
    """The content of ``path``, or of stdin for ``-``. Raises ``InvalidRequest`` above ``limit`` bytes."""
    if path == STDIN:
        content = sys.stdin.buffer.read(limit + 1)
    else:
        with open(path, "rb") as file:
            content = file.read(limit + 1)
    if len(content) > limit:
        raise InvalidRequest(f"{'stdin' if path == STDIN else path}: more than {limit} bytes")
    return content


def write_private(path: str, content: bytes, *, force: bool = False) -> None:
    """Write ``content`` to ``path`` with mode 0600.

    An existing file is replaced with ``force`` only, in place (no second file ever holds the content), its
    mode set before a byte is written. Symbolic links are refused.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | (0 if force else os.O_EXCL)
    try:
        handle = os.open(path, flags, 0o600)
    except FileExistsError:
        handle = -1
    if handle < 0:
        raise InvalidRequest(f"{path} exists; choose another name, or --force to replace it")
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, 0o600)
        file.truncate(0)
        file.write(content)
        file.flush()
        os.fsync(handle)


def emit(content: bytes, out: str | None, *, force: bool = False) -> None:
    """``content`` to the file ``out`` or, without one, to stdout as it is."""
    if out is not None and out != STDIN:
        write_private(out, content, force=force)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
