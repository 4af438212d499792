"""The last report with findings, masked as every report is: so that ``scan explain ID`` knows what ID is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...scanning.report.rows import Rows


def path() -> str:
    """Where it lies: in the user's cache, mode 0600."""
    from ...scanning.engine.cache import folder

    return os.path.join(folder(), "last-report.json")


def keep(shown: Rows) -> None:
    """Replaces the one before. A cache that cannot be written is no reason to fail."""
    from ...scanning.report import render

    name = path()
    temporary = f"{name}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(name), mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(render("json", shown))
        os.replace(temporary, name)
    except OSError:
        return
