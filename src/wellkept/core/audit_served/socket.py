"""The socket device: TCP, UDP or a Unix socket. When a record cannot be sent, it connects anew once and tries again."""

from __future__ import annotations

import errno
import socket
import time
from typing import TYPE_CHECKING

from .chain import Chain
from .device import Device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .chain import Keys


class SocketDevice(Device):
    """``address`` is host:port or a path, ``family`` tcp, udp or unix, ``timeout`` in seconds for one record."""

    kind = "socket"

    def __init__(
        self, name: str, options: Mapping[str, str], keys: Keys, address: str, family: str, timeout: float
    ) -> None:
        super().__init__(name, options, keys)
        self._keys = keys
        self._address = address
        self._family = family
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def emit(self, lines: Sequence[bytes]) -> None:
        data = self._prefixed(lines)
        deadline = time.monotonic() + self._timeout
        failure: OSError | None = None
        for _ in range(2):
            try:
                self._connected(deadline).sendall(data)
                return
            except OSError as error:
                failure = error
                self._forget()
        # What was sent of it is not known, so whatever follows is another chain.
        self.chain = Chain(self._keys)
        if isinstance(failure, TimeoutError):
            raise TimeoutError(errno.ETIMEDOUT, "nobody takes the record")
        raise OSError((failure and failure.errno) or errno.EIO, _reason(failure))

    def _connected(self, deadline: float) -> socket.socket:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, "timed out")
        if self._socket is None:
            self._socket = self._connect(left)
        self._socket.settimeout(left)
        return self._socket

    def _connect(self, timeout: float) -> socket.socket:
        if self._family == "unix":
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(timeout)
            made.connect(self._address)
            return made
        host, _, port = self._address.rpartition(":")
        host = host.strip("[]")
        if self._family == "tcp":
            return socket.create_connection((host, int(port)), timeout)
        kind, _, _, _, where = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
        made = socket.socket(kind, socket.SOCK_DGRAM)
        made.connect(where)
        return made

    def reopen(self) -> None:
        self.close()

    def close(self) -> None:
        with self.lock:
            self._forget()

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _reason(failure: OSError | None) -> str:
    return (failure is not None and failure.strerror) or "it cannot be reached"
