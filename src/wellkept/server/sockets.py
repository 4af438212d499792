"""Sockets to listen at: made here, or handed over by systemd. All workers accept from the same ones."""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import TYPE_CHECKING

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .settings import ListenerSettings

BACKLOG = 2048
_FIRST = 3  # the first descriptor that systemd hands over (sd_listen_fds(3))


def open_sockets(listeners: Sequence[ListenerSettings]) -> list[socket.socket]:
    """One for each listener, in order: systemd's, as far as they go. Raises ``ConfigError``."""
    given = inherited()
    if given and len(given) != len(listeners):
        raise ConfigError(
            f"systemd hands over {len(given)} sockets, and the configuration has {len(listeners)} listeners"
        )
    return given or [_listen(each) for each in listeners]


def inherited() -> list[socket.socket]:
    """Those that systemd's socket activation hands to this process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS") or 0)
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    made = [socket.socket(fileno=fd) for fd in range(_FIRST, _FIRST + count)]
    for each in made:
        each.setblocking(False)
        each.set_inheritable(False)
    return made


def _listen(settings: ListenerSettings) -> socket.socket:
    failure = ""
    try:
        return _unix(settings) if settings.socket else _tcp(settings)
    except OSError as error:
        failure = (error.strerror or str(error)).lower()
    raise ConfigError(f"{settings.address}: cannot listen here: {failure}")


def _tcp(settings: ListenerSettings) -> socket.socket:
    found = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
    )
    family, kind, protocol, _, address = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    settings.port = made.getsockname()[1]  # where it was 0
    return made


def _unix(settings: ListenerSettings) -> socket.socket:
    _clear(settings.socket)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # never open to others, not even for a moment
    try:
        made.bind(settings.socket)
        os.chmod(settings.socket, settings.socket_mode)
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    finally:
        os.umask(before)
    made.setblocking(False)
    return made


def _clear(path: str) -> None:
    """Remove the socket of a server that is gone; not that of one that answers, and nothing else."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise OSError(errno.EEXIST, "there is something else there")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
    raise OSError(errno.EADDRINUSE, "another server listens there")
