"""What every throw-away server asks of the machine: a free port, and somebody to run as."""

from __future__ import annotations

import os
import socket


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def unprivileged_uid() -> int | None:
    """Whom a database runs as that refuses to be run by root: ``nobody`` when we are root, ``None`` (ourselves) else."""
    if os.geteuid() != 0:
        return None
    import pwd

    return pwd.getpwnam("nobody").pw_uid
