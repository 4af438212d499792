"""An HTTP client that sends what it is told, byte by byte, and reads what comes back."""

from __future__ import annotations

import json
import socket
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """``status`` 0: the server closed the connection without a word."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Wire:
    """One connection to ``port`` on loopback; made anew when it was closed."""

    def __init__(self, port: int, timeout: float = 60.0) -> None:
        self._where = ("127.0.0.1", port)
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._buffer = b""

    def ask(
        self,
        method: str,
        target: str | bytes,
        body: Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
        again: bool = True,
    ) -> Reply:
        """``target`` as it goes over the wire; ``body``: bytes as they are, anything else as JSON.

        ``again``: over a new connection when this one turns out to be closed.
        """
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [b"Host: x"]
        if body is not None:
            lines.append(b"Content-Length: %d" % len(content))
        if token:
            lines.append(b"X-Vault-Token: " + token.encode())
        lines += [f"{name}: {value}".encode() for name, value in (headers or {}).items()]
        raw = target if isinstance(target, bytes) else target.encode()
        return self.send(
            method.encode() + b" " + raw + b" HTTP/1.1\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + content,
            again=again,
        )

    def send(self, data: bytes, *, again: bool = True) -> Reply:
        """The answer to a request given as bytes."""
        fresh = self._socket is None
        if fresh:
            self._connect()
        reply = self._exchange(data)
        if reply.status or fresh or not again:
            return reply
        self._connect()
        return self._exchange(data)

    def _connect(self) -> None:
        self.close()
        self._socket = socket.create_connection(self._where, self._timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _exchange(self, data: bytes) -> Reply:
        assert self._socket is not None
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered before it closed
        return self._read(silent=data.startswith(b"HEAD "))

    def _read(self, *, silent: bool = False) -> Reply:
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                self.close()
                return Reply(0, {}, b"")
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        length = 0 if silent else int(headers.get("content-length", 0))
        while len(self._buffer) < length:
            if not self._more():
                self.close()
                return Reply(0, {}, b"")
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        if headers.get("connection") == "close":
            self.close()
        return Reply(int(first.split()[1]), headers, body)

    def _more(self) -> bool:
        assert self._socket is not None
        try:
            part = self._socket.recv(1 << 16)
        except ConnectionResetError:
            part = b""
        self._buffer += part
        return bool(part)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
