"""``dotenv:PATH`` reads a ``.env`` file with python-dotenv's own parser: the values are ``dotenv_values``'s.

The file is read again at each read (once for a batch). What python-dotenv passes over with a warning is
refused here: a line that cannot be parsed makes the whole file ``Malformed``, by file and line number, never by
content. A name that stands without ``=`` has no value and counts as missing.

Only python-dotenv's ``parser`` and ``variables`` modules are loaded, by their files: importing the package would
load ``logging``, ``pathlib`` and ``tempfile`` for nothing, which takes six times as long as these two.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import Malformed, NotFound, SecretError
from ..secret import Secret
from .base import BaseSource
from .files import read_file
from .names import env_candidates, env_name
from .url import check_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .url import SourceURL

MAX_FILE = 16 * 1024 * 1024
"""Bytes; a ``.env`` above that is refused before it is parsed."""

_parts: tuple[Any, Any] | None = None


class DotenvSource(BaseSource):
    """One ``.env`` file. ``prefix`` works as for ``env:``."""

    flat = True

    def __init__(self, path: str, *, prefix: str = "") -> None:
        self.path = path
        self.prefix = prefix
        self.url = f"dotenv:{path}?prefix={prefix}" if prefix else f"dotenv:{path}"

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        if version is not None:
            raise NotFound(f"{name!r}: {self.path} keeps no versions", name=name, source=self.url)
        found = self._pick(self._load(name), name)
        if isinstance(found, SecretError):
            raise found
        return found

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """All from one reading of the file. A file that cannot be read raises: it is no single name's fault."""
        values = self._load(None)
        return {name: self._pick(values, name) for name in names}

    def list(self, *, timeout: float | None = None) -> list[str]:
        names = (name for name, value in self._load(None).items() if value is not None)
        if not self.prefix:
            return sorted(names)
        start = env_name(self.prefix) + "_"
        return sorted(name[len(start) :] for name in names if name.startswith(start) and name != start)

    def _pick(self, values: Mapping[str, str | None], name: str) -> Secret | SecretError:
        candidates = env_candidates(name, self.prefix)
        for candidate in candidates:
            value = values.get(candidate)
            if value is not None:
                return Secret(value, name=name, source=self.url)
        bare = any(candidate in values for candidate in candidates)
        reason = "stands without '=' and value" if bare else "is not set"
        return NotFound(
            f"{name!r}: {' or '.join(candidates)} {reason} in {self.path}", name=name, source=self.url
        )

    def _load(self, name: str | None) -> dict[str, str | None]:
        content = read_file(self.path, name=name, source=self.url, limit=MAX_FILE, pipes=True)
        return parse(decode(content, self.path), self.path)


def parse_dotenv(text: str, *, path: str) -> list[tuple[str, str | None, int]]:
    """Each assignment of ``text`` in order: name, value (``None`` without ``=``), and the line it begins at.

    Values are those of ``dotenv_values``: quotes and escapes resolved, comments dropped, line ends as ``\\n``,
    ``${NAME}`` and ``${NAME:-default}`` expanded from the lines above and the environment. A name may come
    twice; the last one counts. ``path`` is what the file is called in messages. Raises ``Malformed`` with the
    numbers of all lines that cannot be parsed.
    """
    from io import StringIO

    parser, variables = _python_dotenv()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if parser.Reader(
        StringIO("\ufeff")
    ).has_next():  # before 1.2, python-dotenv took a BOM for part of the name
        text = text.removeprefix("\ufeff")
    entries: list[tuple[str, str | None, int]] = []
    known: dict[str, str | None] = {}
    wrong: list[int] = []
    for binding in parser.parse_stream(StringIO(text, newline="")):
        if binding.error:
            wrong.append(_line(binding))
        elif binding.key is not None:
            value = binding.value
            if value is not None and "${" in value:
                # python-dotenv's order: the file's own earlier lines win over the environment.
                atoms = variables.parse_variables(value)
                value = "".join(atom.resolve(_Scope(known)) for atom in atoms)
            known[binding.key] = value
            entries.append((binding.key, value, _line(binding)))
    if wrong:
        raise Malformed(
            f"{path}: {_lines(wrong)} cannot be read as NAME=value; "
            "close open quotes, or comment out with '#' what is no assignment",
            source=f"dotenv:{path}",
        )
    return entries


def parse(text: str, path: str) -> dict[str, str | None]:
    """The entries as ``dotenv_values`` gives them: the last of a name counts, a name without ``=`` is ``None``."""
    return {name: value for name, value, _ in parse_dotenv(text, path=path)}


def decode(content: bytes, path: str) -> str:
    """``content`` as UTF-8 text. Raises ``Malformed`` naming the first line that is not."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    # Raised out here, so that the decoding error, which holds the content, is not chained to it.
    raise Malformed(f"{path}: line {line} is not UTF-8 text; save the file as UTF-8", source=f"dotenv:{path}")


class _Scope:
    """What ``${NAME}`` may refer to; ``os.environ`` is asked, not copied for each value."""

    __slots__ = ("_known",)

    def __init__(self, known: Mapping[str, str | None]) -> None:
        self._known = known

    def get(self, name: str, default: str) -> str | None:
        if name in self._known:
            return self._known[name]
        try:
            return os.environ.get(name, default)
        except UnicodeEncodeError:
            return default


def _line(binding: Any) -> int:
    """Where the statement itself begins: python-dotenv counts the blank lines above it as its own."""
    text: str = binding.original.string
    return int(binding.original.line) + text.count("\n", 0, len(text) - len(text.lstrip()))


def _lines(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    shown = ", ".join(map(str, numbers[:20]))
    return f"lines {shown}" + (f" and {len(numbers) - 20} more" if len(numbers) > 20 else "")


def _python_dotenv() -> tuple[Any, Any]:
    """python-dotenv's ``parser`` and ``variables`` modules."""
    global _parts
    if _parts is None:
        _parts = _load_part("parser"), _load_part("variables")
    return _parts


def _load_part(name: str) -> Any:
    from importlib import import_module
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec
    from sys import modules

    full = f"dotenv.{name}"
    package = None if "dotenv" in modules else PathFinder.find_spec("dotenv")
    spec = package and PathFinder.find_spec(full, package.submodule_search_locations)
    if spec is None or spec.loader is None:
        return import_module(full)
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError:
        return import_module(full)  # a version whose parser needs the rest of the package
    return module


def open_dotenv(url: SourceURL) -> DotenvSource:
    """``dotenv:PATH`` with the option ``prefix``."""
    prefix = url.expect("prefix").get("prefix", "")
    return DotenvSource(url.path(), prefix=check_prefix("dotenv", prefix) if prefix else "")
