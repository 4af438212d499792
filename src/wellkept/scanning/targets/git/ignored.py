"""What git ignores below some folders, asked of git once: for ``scan --gitignore``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .process import GitFailed
from .repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable


class Ignored:
    """Called with a path and whether it is a folder; whether to leave it out. ``.git`` itself is left out, too."""

    def __init__(self, tops: Iterable[str]) -> None:
        self._paths: set[str] = set()
        for top in tops:
            if os.path.isdir(top):
                self._paths |= _below(top)

    def __call__(self, path: str, is_folder: bool) -> bool:
        if is_folder and os.path.basename(path) == ".git":
            return True
        return os.path.abspath(path) in self._paths


def _below(top: str) -> set[str]:
    found = Repository(top, top)
    try:
        listed = found.git("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    except GitFailed:
        return set()  # no repository: nothing is ignored
    names = [name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name]
    return {os.path.abspath(os.path.join(top, name)) for name in names}
