"""``Image``: the target. A unit is a configuration or a layer; findings learn which layer removed their file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ....errors import ConfigError
from ...location import Location
from ...problem import Problem
from .. import BaseTarget, Item
from . import config, layer
from .container import Broken, Container, opened, read_json
from .manifest import Part, parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...finding import Finding
    from .. import Stream

HELD = 8 << 20
"""Files of a layer up to this many bytes are held in memory; larger ones are read as a stream."""


class Image(BaseTarget):
    """An image archive or layout directory at ``path``."""

    name = "image"

    def __init__(self, path: str) -> None:
        self.path = path
        self.counts = {"layers": 0}
        self._layers: list[Part] = []
        self._open: tuple[int, Container] | None = None

    def units(self) -> Iterator[Any]:
        if not os.path.lexists(self.path):
            yield Problem("missing", self.path, "there is no such file or directory")
            return
        problem = None
        found: list[Part] = []
        try:
            found = parts(self._container())
        except Broken as error:
            problem = Problem("corrupt", self.path, str(error))
        except OSError as error:
            problem = Problem("unreadable", self.path, error.strerror or "cannot be read")
        if problem is not None:
            yield problem
            return
        self._layers = [part for part in found if part.kind == "layer"]
        self.counts["layers"] = len(self._layers)
        if not self._layers:
            yield Problem("empty", self.path, "0 layers scanned: the image has none")
        yield from (tuple(part) for part in found)

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        part = Part(*unit)
        try:
            container = self._container()
            if part.kind == "config":
                yield from config.items(part, read_json(container, part.file))
            else:
                yield from self._files(container, part)
        except Broken as error:
            yield Problem("corrupt", f"{self.path}!/{part.digest}", str(error))
        except ConfigError as error:
            yield Problem("archive-unknown", f"{self.path}!/{part.digest}", str(error))

    def settle(self, findings: list[Finding]) -> list[Finding]:
        """Tells of each finding whether its file is still there in the finished image, as ``in_head``."""
        order = {part.digest: number for number, part in enumerate(self._layers)}
        first = min((order[f.location.layer] for f in findings if f.location.layer in order), default=None)
        if first is None:
            return findings
        gone = self._gone(first, {f.location.path for f in findings if f.location.layer})
        return [self._told(finding, order, gone) for finding in findings]

    def _told(
        self, finding: Finding, order: dict[str, int], gone: dict[str, list[tuple[int, str]]]
    ) -> Finding:
        where = finding.location
        if where.layer not in order:
            return finding
        later = [digest for at, digest in gone.get(where.path, ()) if at > order[where.layer]]
        extra = {**where.extra, "removed_by": later[0]} if later else where.extra
        return finding._replace(location=where._replace(in_head=not later, extra=extra))

    def _gone(self, first: int, paths: set[str]) -> dict[str, list[tuple[int, str]]]:
        """Path to the layers after ``first`` that remove or replace it."""
        gone: dict[str, list[tuple[int, str]]] = {}
        for number, part in list(enumerate(self._layers))[first + 1 :]:
            try:
                for name in self._names(part):
                    for path in paths & {name} if layer.WHITEOUT not in name else _covered(name, paths):
                        gone.setdefault(path, []).append((number, part.digest))
            except (Broken, ConfigError):
                continue  # said when the layer was scanned
        return gone

    def _names(self, part: Part) -> Iterator[str]:
        with self._container().open(part.file) as file:
            plain = layer.unpacked(file)
            if layer.is_tar(plain):
                for name, _ in layer.members(plain):
                    yield _clean(name)

    def _files(self, container: Container, part: Part) -> Iterator[Item | Problem]:
        with container.open(part.file) as file:
            plain = layer.unpacked(file)
            extra = {"image": part.image} if part.image else {}
            if not layer.is_tar(plain):  # an attestation, a chart, a model: a file by itself
                origin = Location(path=part.file, layer=part.digest, extra=extra)
                yield Item(origin, open=lambda: plain)
                return
            for name, content in layer.members(plain):
                yield _item(Location(path=_clean(name), layer=part.digest, extra=extra), content)

    def _container(self) -> Container:
        """This process's own handle: a worker must not share the position in a file with its parent."""
        if self._open is None or self._open[0] != os.getpid():
            self._open = (os.getpid(), opened(self.path))
        return self._open[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": None}


def _item(origin: Location, content: Stream) -> Item:
    """Small files in memory: the windows of a stream cost more."""
    size = getattr(content, "left", HELD + 1)
    if size <= HELD:
        return Item(origin, data=b"".join(_chunks(content)), size=size)
    return Item(origin, open=lambda: content, size=size)


def _chunks(content: Stream) -> Iterator[bytes]:
    while chunk := content.read(1 << 20):
        yield chunk


def _covered(name: str, paths: set[str]) -> set[str]:
    removed = layer.removed_by(name)
    if removed is None:
        return set()
    path, below_only = removed
    below = {other for other in paths if other.startswith(path + "/" if path else "")}
    return below if below_only else below | (paths & {path})


def _clean(name: str) -> str:
    return name.removeprefix("./").lstrip("/")
