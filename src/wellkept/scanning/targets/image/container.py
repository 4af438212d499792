"""An image on disk as a set of named files: a directory, or a tar that may be compressed."""

from __future__ import annotations

import json
import os
import tarfile
from typing import IO, Any, Protocol

JSON_BYTES = 16 << 20
"""No manifest or configuration is larger than this."""


class Broken(Exception):
    """The image is not what it says; the text names what was expected."""


class Container(Protocol):
    """Files by name."""

    def names(self) -> list[str]:
        """All of them."""

    def open(self, name: str) -> IO[bytes]:
        """Raises ``Broken`` when it is not there."""

    def close(self) -> None:
        """Releases it."""


class Folder:
    """An OCI layout as a directory."""

    def __init__(self, path: str) -> None:
        self._path = path

    def names(self) -> list[str]:
        return sorted(
            os.path.relpath(os.path.join(folder, name), self._path)
            for folder, _, names in os.walk(self._path)
            for name in names
        )

    def open(self, name: str) -> IO[bytes]:
        if name.startswith("/") or ".." in name.split("/"):
            raise Broken(f"names the file {name!r}, which is outside of it")
        try:
            return open(os.path.join(self._path, name), "rb")
        except OSError as error:
            reason = error.strerror
        raise Broken(f"{name!r} cannot be read: {reason}")

    def close(self) -> None:
        """Nothing is held."""


class Archive:
    """A tar file. Raises ``Broken`` when it is none."""

    def __init__(self, path: str) -> None:
        try:
            self._tar = tarfile.open(path, "r:*")  # noqa: SIM115 - open as long as this object
            self._members = {member.name.removeprefix("./"): member for member in self._tar}
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            reason = type(error).__name__
        else:
            return
        raise Broken(f"is no readable tar archive ({reason})")

    def names(self) -> list[str]:
        return sorted(self._members)

    def open(self, name: str) -> IO[bytes]:
        try:
            member = self._members.get(name)
            file = self._tar.extractfile(member) if member is not None else None
        except (KeyError, tarfile.TarError):
            file = None  # a link to what is not there
        if file is None:
            raise Broken(f"the file {name!r} is not in it")
        return file

    def close(self) -> None:
        self._tar.close()


def opened(path: str) -> Container:
    """The image at ``path``. Raises ``Broken``."""
    return Folder(path) if os.path.isdir(path) else Archive(path)


def read_json(container: Container, name: str) -> Any:
    """A parsed manifest, index or configuration. Raises ``Broken``."""
    with container.open(name) as file:
        data = file.read(JSON_BYTES + 1)
    if len(data) > JSON_BYTES:
        raise Broken(f"{name!r} is larger than {JSON_BYTES} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        pass
    raise Broken(f"{name!r} is not JSON")
