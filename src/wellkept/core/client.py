"""Who and where this process is, for the audit record: user, number, command name, host."""

from __future__ import annotations

import os
import sys

from .request import Client

_known: tuple[int, Client] | None = None


def this_process() -> Client:
    """The calling process as a ``Client``; found out once, and again in the child of a fork."""
    global _known
    pid = os.getpid()
    known = _known
    if known is None or known[0] != pid:
        known = _known = (pid, Client(_user(), pid, _process(), os.uname().nodename))
    return known[1]


def _user() -> str:
    """The effective user by the system's account database; the environment may say anything."""
    uid = os.geteuid()
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return f"uid:{uid}"


def _process() -> str:
    """The command's name, never its arguments; for ``python -m package`` the package's."""
    path = sys.argv[0] if getattr(sys, "argv", None) else ""
    name = os.path.basename(path)
    if name == "__main__.py":
        name = os.path.basename(os.path.dirname(path)) or name
    if name and not name.startswith("-"):
        return name
    return os.path.basename(sys.executable or "") or "python"
