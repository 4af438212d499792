"""Entries under names that clients chose: what cannot be a name has none, and all leaves below a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.view import View
    from ..storage.protocol import Entry


def possible(name: str) -> bool:
    """Whether storage could have an entry of this name; a folder, for one, is none."""
    return name[-1:] not in ("", "/") and "\0" not in name


def fetch(view: View, folder: str, name: str) -> Entry | None:
    return view.get(folder + name) if possible(name) else None


def drop(view: View, folder: str, name: str) -> None:
    if possible(name):
        view.delete(folder + name)


def descendants(view: View, prefix: str) -> list[str]:
    """All leaves under ``prefix``, relative to it, in the order in which OpenBao comes upon them."""
    found: list[str] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        for name in view.list(prefix + folder):
            (folders if name.endswith("/") else found).append(folder + name)
    return found
