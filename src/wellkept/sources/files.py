"""Reading one file for a source, with the operating system's errors sorted into ours."""

from __future__ import annotations

import errno
import os
import stat

from ..errors import Denied, Malformed, NotFound, SecretError, Unavailable

_ABSENT = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP}
)
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


def read_file(
    path: str, *, name: str | None, source: str, limit: int, pipes: bool = False, follow: bool = True
) -> bytes:
    """The content of the file at ``path``.

    Raises ``NotFound`` (no such file), ``Denied`` (not permitted), ``Malformed`` (above ``limit`` bytes, or
    no regular file; with ``pipes``, a named pipe will do, because password managers mount ``.env`` as one),
    ``Unavailable`` (the disk or network file system fails, or the process is out of file descriptors).
    ``follow`` says whether ``path`` itself may be a symbolic link.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if pipes else os.O_NONBLOCK) | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, "")
            if stat.S_ISREG(mode) or (pipes and stat.S_ISFIFO(mode)):
                content = _read(descriptor, limit)
            else:
                content = None
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        failure: SecretError | None = sorted_failure(error, path, name=name, source=source)
    else:
        failure = None
    if failure is not None:
        raise failure
    if content is None:
        raise Malformed(f"{path} is no regular file", name=name, source=source)
    if len(content) > limit:
        raise Malformed(f"{path} is above the limit of {limit} bytes", name=name, source=source)
    return content


def sorted_failure(error: Exception, path: str, *, name: str | None, source: str) -> SecretError:
    """The operating system's ``error`` about ``path`` as one of ours."""
    number = getattr(error, "errno", None)
    about = path if name is None else f"{name!r}: {path}"
    if number in _ABSENT or isinstance(error, ValueError):  # ValueError: a NUL, or text no file name can hold
        return NotFound(f"{about} does not exist", name=name, source=source)
    if number in _FORBIDDEN:
        return Denied(f"{about} may not be read by user {os.geteuid()}", name=name, source=source)
    reason = os.strerror(number) if number else type(error).__name__
    return Unavailable(f"{about} cannot be read now: {reason}", name=name, source=source)


def _read(descriptor: int, limit: int) -> bytes:
    """All of it, or just over ``limit`` bytes."""
    chunks = []
    size = 0
    while size <= limit and (chunk := os.read(descriptor, min(limit + 1 - size, 1 << 20))):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)
