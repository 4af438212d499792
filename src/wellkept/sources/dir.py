"""``dir:PATH`` reads mounted secrets: one file a secret, as Kubernetes, Docker and systemd lay them out.

The file is read at each read, so Kubernetes' swaps of the ``..data`` link are noticed by the content, however
they are made. A name is a path below the directory; hidden files (any part beginning with a dot) do not exist
here, and a symbolic link counts only while it ends inside the directory, or inside what ``..data`` points to.

Text loses one line end at its end, because ``echo secret > file`` adds one and nobody means it; with
``?newline=keep`` it stays. What is not UTF-8 is binary and comes as it is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import ConfigError, NotFound, SecretError
from ..secret import Secret
from .base import BaseSource
from .files import read_file, sorted_failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .url import SourceURL

MAX_VALUE = 1024 * 1024
"""Bytes: the store's own limit for a value."""

_SWAPS = 4
"""How often a read is begun again because ``..data`` was swapped under it."""


class DirSource(BaseSource):
    """The files below ``path``; ``keep_newline`` leaves a text's last line end where it is."""

    def __init__(self, path: str, *, keep_newline: bool = False) -> None:
        self.path = path
        self.keep_newline = keep_newline
        self.url = f"dir:{path}?newline=keep" if keep_newline else f"dir:{path}"

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        if version is not None:
            raise NotFound(f"{name!r}: files keep no versions", name=name, source=self.url)
        found = self.read_many([name])[name]
        if isinstance(found, SecretError):
            raise found
        return found

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """Each file; all from the same generation of the mount, unless it is swapped all the time."""
        for _ in range(_SWAPS):
            generation = self._generation()
            found = {name: self._read_one(name) for name in names}
            if self._generation() == generation:
                break
        return found

    def list(self, *, timeout: float | None = None) -> list[str]:
        roots = self._roots()
        failure: SecretError | None = None
        try:
            return sorted(name for name, path in self._files(self.path, "") if _inside(path, roots))
        except OSError as error:
            failure = sorted_failure(error, self.path, name=None, source=self.url)
        raise failure

    def _read_one(self, name: str) -> Secret | SecretError:
        if not _acceptable(name):
            return NotFound(
                f"{name!r} cannot be a file below {self.path}: names are relative paths with no part beginning "
                "with a dot",
                name=name,
                source=self.url,
            )
        path = os.path.realpath(os.path.join(self.path, name))
        if not _inside(path, self._roots()):
            return NotFound(f"{name!r} is a link out of {self.path}", name=name, source=self.url)
        try:
            # The path is free of links by now, so one found at its end was put there in between.
            content = read_file(path, name=name, source=self.url, limit=MAX_VALUE, follow=False)
        except SecretError as error:
            return error
        return Secret(self._value(content), name=name, source=self.url)

    def _value(self, content: bytes) -> str | bytes:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return content
        if self.keep_newline or not text.endswith("\n"):
            return text
        return text[:-2] if text.endswith("\r\n") else text[:-1]

    def _generation(self) -> str | None:
        """What ``..data`` points to; ``None`` where there is no such link."""
        try:
            return os.readlink(os.path.join(self.path, "..data"))
        except OSError:
            return None

    def _roots(self) -> tuple[str, str]:
        return os.path.realpath(self.path), os.path.realpath(os.path.join(self.path, "..data"))

    def _files(self, directory: str, prefix: str) -> Iterator[tuple[str, str]]:
        """Names and real paths of the regular files below ``directory``; linked directories are not entered."""
        for entry in os.scandir(directory):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._files(entry.path, f"{prefix}{entry.name}/")
            elif entry.is_file():
                yield prefix + entry.name, os.path.realpath(entry.path)


def _acceptable(name: str) -> bool:
    return "\0" not in name and all(part and part[0] != "." for part in name.split("/"))


def _inside(path: str, roots: tuple[str, str]) -> bool:
    return any(path.startswith(root.rstrip("/") + "/") for root in roots)


def open_dir(url: SourceURL) -> DirSource:
    """``dir:PATH`` with the option ``newline``: ``strip`` (default) or ``keep``."""
    newline = url.expect("newline").get("newline", "strip")
    if newline not in ("strip", "keep"):
        raise ConfigError("dir: the option 'newline' is strip or keep")
    return DirSource(url.path(), keep_newline=newline == "keep")
