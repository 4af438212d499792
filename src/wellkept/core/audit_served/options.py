"""From what was given under ``sys/audit`` to a device, and what is refused: above all, paths that are no place for a log.

Whoever may enable a device chooses a path that the server then writes to. So that this cannot become a way to
run code or to damage the store (CVE-2025-6000), a file device makes a new file, or continues one that holds
nothing but records; it is never executable, never inside the store, and no link is followed.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from ..durations import seconds
from ..refusal import Refusal
from .device import PATIENCE, Device

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .chain import Keys

KINDS = ("file", "socket", "stdout")
_FORBIDDEN = tuple(
    f"/{name}/"
    for name in [
        "bin",
        "boot",
        "dev",
        "etc",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "proc",
        "root/.ssh",
        "sbin",
        "sys",
        "usr",
        "var/spool",
    ]
)
_KNOWN = {
    "file": {"file_path", "path", "mode"},
    "socket": {"address", "socket_type", "write_timeout"},
    "stdout": set(),
}
_COMMON = {"format", "hmac_accessor", "log_raw", "prefix", "elide_list_responses"}


def make_device(name: str, kind: str, options: Mapping[str, str], keys: Keys, directory: str) -> Device:
    """The device; nothing is opened yet. Raises ``Refusal`` with status 400, in OpenBao's words where it has some."""
    _check_common(kind, options)
    if kind == "socket":
        return _socket(name, options, keys)
    from .file import DiscardDevice, FileDevice, StreamDevice

    path = "stdout" if kind == "stdout" else options.get("file_path") or options.get("path") or ""
    if path == "stdout":
        return StreamDevice(name, options, keys)
    if path == "discard":
        return DiscardDevice(name, options, keys)
    if not path:
        raise Refusal(400, "file_path is required")
    mode = _mode(options.get("mode", ""))
    check_path(path, directory)
    return FileDevice(name, options, keys, path, mode)


def _check_common(kind: str, options: Mapping[str, str]) -> None:
    if kind not in KINDS:
        raise Refusal(400, f'unknown backend type: "{kind}"')
    for option in ("log_raw", "hmac_accessor", "elide_list_responses"):
        flag(options, option, default=False)
    if flag(options, "log_raw", default=False):
        raise Refusal(400, "log_raw is not supported: no value is ever written to the audit log in clear")
    if options.get("format", "json") != "json":
        raise Refusal(400, f'unknown format type "{options["format"]}"')
    unknown = sorted(set(options) - _KNOWN[kind] - _COMMON)
    if unknown:
        raise Refusal(400, f"unknown option {unknown[0]!r} for an audit device of type {kind}")


def flag(options: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A boolean option as Go's ``strconv.ParseBool`` reads it. Raises ``Refusal``."""
    text = options.get(name, "")
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    if text:
        raise Refusal(400, f'strconv.ParseBool: parsing "{text}": invalid syntax')
    return default


def _socket(name: str, options: Mapping[str, str], keys: Keys) -> Device:
    from .socket import SocketDevice

    address, family = options.get("address", ""), options.get("socket_type", "tcp")
    if not address:
        raise Refusal(400, "address is required")
    if family not in ("tcp", "udp", "unix"):
        raise Refusal(400, f'unknown socket_type "{family}"')
    host, _, port = address.rpartition(":")
    if family != "unix" and not (host and port.isdigit() and 0 < int(port) < 65536):
        raise Refusal(400, f"address {address!r} must be host:port")
    timeout = seconds(options["write_timeout"]) if "write_timeout" in options else PATIENCE
    if not timeout or timeout > 60:
        raise Refusal(400, f"write_timeout {options['write_timeout']!r} must be a duration of up to a minute")
    return SocketDevice(name, options, keys, address, family, timeout)


def _mode(text: str) -> int | None:
    """The permissions of a file, in octal; ``0000`` leaves them as they are."""
    if text == "":
        return 0o600
    if not text.isascii() or not text.isdigit() or set(text) & set("89"):
        raise Refusal(400, f'strconv.ParseUint: parsing "{text}": invalid syntax')
    mode = int(text, 8)
    if mode & ~0o666:
        raise Refusal(400, f"mode {text}: an audit log is never executable, and has no special bits")
    return mode or None


def check_path(path: str, directory: str) -> None:
    """Raises ``Refusal`` for a ``path`` that no audit log may have. ``directory`` is the store's."""
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    reason = ""
    if not os.path.isabs(path) or "\0" in path or path != os.path.normpath(path):
        reason = "must be absolute and without detours"
    elif real.startswith(_FORBIDDEN) or path.startswith(_FORBIDDEN):
        reason = "is in a place that belongs to the system"
    elif real.startswith(os.path.realpath(directory) + os.sep):
        reason = "is inside the store"
    elif "/." in real:
        reason = "is hidden"
    elif os.path.splitext(path)[1] in (".so", ".py", ".pth", ".sh", ".service", ".conf", ".hcl", ".toml"):
        reason = "has the name of a program or a configuration"
    else:
        reason = _unfit(path)
    if reason:
        raise Refusal(400, f'file_path "{path}" is refused: it {reason}')


def _unfit(path: str) -> str:
    """Why what stands at ``path`` already cannot be continued."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"cannot be looked at ({os.strerror(error.errno or 0)})"
    if stat.S_ISFIFO(status.st_mode):
        return ""
    if not stat.S_ISREG(status.st_mode):
        return "is neither a file nor a named pipe"
    if status.st_mode & 0o111:
        return "is executable"
    if status.st_nlink > 1:
        return "has another name"
    return "" if status.st_size == 0 or _holds_records(path) else "holds something other than audit records"


def _holds_records(path: str) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        start = os.read(fd, 4096)
    finally:
        os.close(fd)
    line = start[start.find(b"{") :]
    return line.startswith((b'{"chain":"', b'{"seq":', b'{"time":"'))
