"""Files of other tools, read and written: what ``import``, ``export`` and ``generate`` are made of.

One file a format, no I/O in any of them: a reader takes the bytes of a file and gives ``Item``s, a writer
takes names and values and gives bytes. Which secret goes where is the command line's business.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError, Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FILE = 32 * 1024 * 1024
"""Bytes of a file that is imported; above it the file is refused before it is parsed."""

READERS = {"env": "envfile", "json": "jsonfile", "yaml": "yamlfile", "toml": "tomlfile"}
WRITERS = {
    "env": "envfile",
    "json": "jsonfile",
    "yaml": "yamlfile",
    "shell": "shell",
    "kubernetes": "kubernetes",
    "docker": "docker",
}
ALIASES = {"dotenv": "env", "yml": "yaml", "sh": "shell", "k8s": "kubernetes", "docker-env": "docker"}

BY_NAME = frozenset({"json", "yaml"})
"""Formats whose keys are the names of secrets; the others' keys are names of environment variables."""


class Item(NamedTuple):
    """One entry of an imported file.

    ``value`` is text, bytes, a JSON object (which becomes a secret with fields), or ``None`` for a key that
    stands there without a value.
    """

    name: str
    value: str | bytes | dict[str, Any] | None


def canonical(name: str, known: Mapping[str, str]) -> str:
    """``name`` as one of ``known``; aliases resolved. Raises ``ConfigError`` naming what there is."""
    found = ALIASES.get(name.lower(), name.lower())
    if found not in known:
        raise ConfigError(f"unknown format {name!r}; known are {', '.join(known)}")
    return found


def detect(filename: str) -> str:
    """The format of a file, by its name. Raises ``ConfigError`` when the name does not tell."""
    base = filename.rpartition("/")[2].lower()
    extension = base.rpartition(".")[2]
    found = ALIASES.get(extension, extension)
    if found in READERS:
        return found
    if base.startswith((".env", "env.")):
        return "env"
    raise ConfigError(f"cannot tell the format of {filename!r} by its name; say --format {'|'.join(READERS)}")


def read(content: bytes, format: str, filename: str) -> list[Item]:
    """The entries of a file, in its order. ``filename`` is for messages only.

    Raises ``Malformed`` naming the file and the line, never a piece of its content.
    """
    if len(content) > MAX_FILE:
        raise Malformed(f"{filename}: {len(content)} bytes; at most {MAX_FILE} are read")
    module = import_module(f".{READERS[canonical(format, READERS)]}", __name__)
    items: list[Item] = module.read(content, filename)
    return items


def write(values: Mapping[str, Any], format: str, **options: Any) -> bytes:
    """The file that holds ``values``: name to text, bytes or JSON object, in their order.

    Raises ``InvalidRequest`` naming the entries that the format cannot hold.
    """
    module = import_module(f".{WRITERS[canonical(format, WRITERS)]}", __name__)
    written: bytes = module.write(values, **options)
    return written


def decode(content: bytes, filename: str, *, encoding: str = "utf-8-sig") -> str:
    """UTF-8 text, by default without its byte-order mark. Raises ``Malformed`` naming the line that is not UTF-8."""
    position = -1
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        # Its `object` is the whole file: only the position leaves this block, and the error is raised below.
        position = error.start
    line = content.count(b"\n", 0, position) + 1
    raise Malformed(f"{filename}, line {line}: not UTF-8; save the file as UTF-8 and import it again")
