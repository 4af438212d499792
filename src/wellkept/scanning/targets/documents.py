"""Files that hold other texts: what the targets for bundles, manifests and notebooks have in common."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from ..location import Location
from ..problem import Problem
from . import BaseTarget, Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOCUMENT_BYTES = 128 << 20
"""Larger documents are scanned as they are, and not taken apart."""


class Documents(BaseTarget):
    """Files and folders named by ``paths``; of folders those files that end in one of ``suffixes``."""

    suffixes: tuple[str, ...] = ()

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = list(paths)
        self.counts = {"files": 0}

    def units(self) -> Iterator[Any]:
        for path in self.paths:
            if not os.path.lexists(path):
                yield Problem("missing", path, "there is no such file or directory")
            elif not os.path.isdir(path):
                self.counts["files"] += 1
                yield path
            else:
                yield from self._below(path)

    def _below(self, top: str) -> Iterator[Any]:
        problems: list[Problem] = []

        def failed(error: OSError) -> None:
            problems.append(Problem("unreadable", str(error.filename), error.strerror or "cannot be read"))

        before = self.counts["files"]
        for folder, folders, names in os.walk(top, onerror=failed):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                if name.endswith(self.suffixes) and not os.path.islink(path):
                    self.counts["files"] += 1
                    yield path
        yield from problems
        if self.counts["files"] == before:
            yield Problem(
                "empty", top, f"has no file ending in {', '.join(self.suffixes)}: nothing was scanned"
            )

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        path: str = unit
        try:
            size = os.stat(path).st_size
            if size > DOCUMENT_BYTES:
                data = None
            else:
                with open(path, "rb") as file:
                    data = file.read(DOCUMENT_BYTES)
        except OSError as error:
            yield Problem("unreadable", path, error.strerror or "cannot be read")
            return
        if data is None:
            yield Problem(
                "bound-reached", path, f"is larger than {DOCUMENT_BYTES} bytes, so it was not taken apart"
            )
            yield Item(Location(path=path), file=path, size=size)
        else:
            yield from self.parts(path, data)

    def parts(self, path: str, data: bytes) -> Iterator[Item | Problem]:
        """The texts in a document."""
        raise NotImplementedError


def piece(path: str, inside: Sequence[str], text: str | bytes) -> Item:
    """One text of the document at ``path``."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return Item(Location(path=path, inside=tuple(inside)), data=data, size=len(data))


def whole(path: str, data: bytes) -> Item:
    """The document as it is."""
    return Item(Location(path=path), data=data, size=len(data))


def parsed(data: bytes) -> Any:
    """JSON, or ``None`` where it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def texts(value: Any) -> str:
    """A text, or a list of lines, as notebooks and source maps have it; else nothing."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
