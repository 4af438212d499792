"""From a file to nested dictionaries, whatever language it is in; no meaning yet."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST = 1 << 20
_SUFFIXES = (".hcl", ".json", ".toml")


def expand(paths: Iterable[str]) -> list[str]:
    """The files that ``paths`` name; of a directory those that end in .hcl, .json or .toml, by name."""
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        inside = sorted(name for name in os.listdir(path) if name.endswith(_SUFFIXES))
        if not inside:
            raise ConfigError(f"{path}: no file here ends in {', '.join(_SUFFIXES)}")
        found += [os.path.join(path, name) for name in inside]
    return found


def read(path: str) -> dict[str, Any]:
    """The document in ``path``. Raises ``ConfigError`` that names the file and the place in it."""
    raw, failure = b"", ""
    try:
        with open(path, "rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        failure = (error.strerror or type(error).__name__).lower()
    if failure:
        raise ConfigError(f"{path}: the configuration cannot be read: {failure}")
    if len(raw) > _LARGEST:
        raise ConfigError(f"{path}: a configuration of more than {_LARGEST} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
        failure = "not text in UTF-8"
    if failure:
        raise ConfigError(f"{path}: {failure}")
    return _toml(path, text) if path.endswith(".toml") else _hcl(path, text)


def _toml(path: str, text: str) -> dict[str, Any]:
    import tomllib

    failure = ""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        failure = str(error)
    raise ConfigError(f"{path}: not valid TOML: {failure}")


def _hcl(path: str, text: str) -> dict[str, Any]:
    from ...formats.hcl import parse, plain

    failure = ""
    try:
        return plain(parse(text))
    except InvalidRequest as error:
        failure = str(error)
    raise ConfigError(f"{path}: not valid HCL or JSON: {failure}")
