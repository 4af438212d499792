"""Telling systemd how the server is (sd_notify(3)); nothing happens where it does not ask."""

from __future__ import annotations

import os
import socket


def notify(message: str) -> None:
    """``READY=1``, ``RELOADING=1``, ``STOPPING=1``, ``STATUS=...``; several on lines of their own."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0)) as sock:
        try:
            sock.connect(address)
            sock.sendall(message.encode())
        except OSError:
            pass  # systemd's own time limit tells
