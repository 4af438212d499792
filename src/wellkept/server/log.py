"""The server's own log: what it does, never what it is asked. Lines in OpenBao's form, or JSON, on stderr or in a file."""

from __future__ import annotations

import json
import os
import sys
from time import gmtime, strftime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import Settings

LEVELS = ("trace", "debug", "info", "warn", "error")


class Log:
    """One for a process; ``reopen`` after the file was moved away. Lines are one ``write`` each."""

    def __init__(self, settings: Settings) -> None:
        level = (
            settings.log_level.lower()
            .replace("warning", "warn")
            .replace("err", "error")
            .replace("erroror", "error")
        )
        self._least = LEVELS.index(level) if level in LEVELS else 2
        self._json = settings.log_format == "json"
        self._path = settings.log_file
        self._fd = 2
        self.reopen()

    def reopen(self) -> None:
        if not self._path:
            return
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._fd != 2:
            os.close(self._fd)
        self._fd = fd

    def info(self, text: str) -> None:
        self._write("info", text)

    def warn(self, text: str) -> None:
        self._write("warn", text)

    def error(self, text: str) -> None:
        self._write("error", text)

    def _write(self, level: str, text: str) -> None:
        if LEVELS.index(level) < self._least:
            return
        now = time()
        stamp = strftime("%Y-%m-%dT%H:%M:%S", gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
        text = " ".join(text.split())
        if self._json:
            line = json.dumps({"@level": level, "@message": text, "@timestamp": stamp})
        else:
            line = f"{stamp} {f'[{level.upper()}]':<7} {text}"
        try:
            os.write(self._fd, line.encode("utf-8", "replace") + b"\n")
        except OSError:
            pass  # a log that cannot be written must not stop the server; the audit log is another thing
        if self._fd == 2:
            sys.stderr.flush()
