"""``wellkept.toml``: which environment reads its secrets from where, so that the application's code does not.

The file is committed; there are no secrets in it. It is found upwards from the working directory, or named by
``$WELLKEPT_CONFIG``. Keys: ``project``, ``store``, ``default_env``, and a table ``[env.NAME]`` for each
environment that wants its own ``source`` (a URL, or a list of them in order of precedence), ``ttl``,
``max_stale``, ``deadline`` or ``refresh``. An environment without a source reads the encrypted store, below
``NAME/PROJECT``. Relative paths are relative to the file. Unknown keys are refused.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "wellkept.toml"
STORE = ".wellkept"
DEFAULT_ENV = "dev"

_TOP = {"project": "a name", "store": "a path", "default_env": "a name", "env": "tables [env.NAME]"}
_SECONDS = "a number of seconds"
_ENVIRONMENT = {
    "source": "a URL or a list of URLs",
    "ttl": _SECONDS,
    "max_stale": _SECONDS,
    "deadline": _SECONDS,
    "refresh": "true or false",
    "share": "true or false",
}


class Environment(NamedTuple):
    """One environment: its source's URLs in order of precedence, the options for ``Secrets``, the directory that
    relative paths are relative to, and the prefix of its names in a store (``dev/billing``)."""

    name: str
    sources: tuple[str, ...]
    options: Mapping[str, Any]
    base: str
    prefix: str


class Config(NamedTuple):
    """What a ``wellkept.toml`` says. ``path`` is ``None``, and everything else as empty, where there is none."""

    path: str | None
    directory: str
    project: str | None = None
    store: str | None = None
    default_env: str | None = None
    environments: Mapping[str, Mapping[str, Any]] = {}

    def environment(self, name: str | None = None) -> Environment:
        """The environment ``name``; else that of ``$WELLKEPT_ENV``, ``default_env``, ``dev``: the first there is.

        Raises ``ConfigError`` when the name cannot be one.
        """
        where = "env"
        if name is None:
            name, where = os.environ.get("WELLKEPT_ENV") or None, "$WELLKEPT_ENV"
        name = _name(name or self.default_env or DEFAULT_ENV, where)
        table = self.environments.get(name, {})
        prefix = f"{name}/{self.project}" if self.project else name
        source = table.get("source") or f"store:{_escaped(self.store_path())}?prefix={_escaped(prefix)}"
        return Environment(
            name,
            (source,) if isinstance(source, str) else tuple(source),
            {key: value for key, value in table.items() if key != "source"},
            self.directory,
            prefix,
        )

    def store_path(self) -> str:
        """The store's directory: ``$WELLKEPT_STORE``, else the file's ``store``, else the nearest ``.wellkept``
        upwards; where there is none, ``.wellkept`` beside the file, for a message to name."""
        given = os.environ.get("WELLKEPT_STORE")
        if given:
            return os.path.abspath(os.path.expanduser(given))
        if self.store:
            return os.path.abspath(os.path.join(self.directory, os.path.expanduser(self.store)))
        return _upwards(self.directory, STORE, os.path.isdir) or os.path.join(self.directory, STORE)


def find_config(start: str | None = None) -> str | None:
    """The path of the ``wellkept.toml`` in force: ``$WELLKEPT_CONFIG``, else the nearest upwards from ``start``
    (default: the working directory), else ``None``.

    Raises ``ConfigError`` when the one found may have been put there by somebody else: it belongs to another
    user and lies in a directory that everybody may write to.
    """
    given = os.environ.get("WELLKEPT_CONFIG")
    if given:
        return os.path.abspath(os.path.expanduser(given))
    found = _upwards(start or os.getcwd(), FILE, os.path.isfile)
    if found is not None and _planted(found):
        raise ConfigError(
            f"{found} belongs to another user and lies where everybody may write; "
            "set WELLKEPT_CONFIG to its path to use it all the same"
        )
    return found


def load_config(path: str | os.PathLike[str]) -> Config:
    """The file at ``path``, checked. Raises ``ConfigError`` naming the file, the key and what was expected."""
    path = os.path.abspath(os.fspath(path))
    reason = ""
    try:
        with open(path, "rb") as file:
            content, reason = _parsed(file.read().decode("utf-8"))
    except OSError as error:
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
    except UnicodeDecodeError:
        reason = "is not UTF-8 text"
    if reason:
        raise ConfigError(f"{path} {reason}")
    return _checked(path, content)


def current_config(start: str | None = None) -> Config:
    """The configuration in force: ``find_config``'s, or an empty one where there is none."""
    path = find_config(start)
    return load_config(path) if path is not None else Config(None, os.path.abspath(start or os.getcwd()))


def _parsed(text: str) -> tuple[dict[str, Any], str]:
    """The content of the file, or why it is not TOML."""
    from .plain_toml import read_plain

    plain = read_plain(text)
    if plain is not None:
        return plain, ""
    import tomllib

    try:
        return tomllib.loads(text), ""
    except tomllib.TOMLDecodeError as error:
        return {}, f"is not TOML: {error}"


def _checked(path: str, content: Mapping[str, Any]) -> Config:
    _known(path, "", content, _TOP)
    project, store, default_env = (
        _text(path, key, content.get(key)) for key in ("project", "store", "default_env")
    )
    if project is not None and any(part in ("", ".", "..") for part in project.split("/")):
        raise ConfigError(f"{path}: project: expected a name such as billing")
    if default_env is not None:
        _name(default_env, f"{path}: default_env")
    environments = content.get("env", {})
    if not isinstance(environments, dict):
        raise ConfigError(f"{path}: env: expected {_TOP['env']}")
    for name, table in environments.items():
        where = f"{path}: [env.{name}]"
        _name(name, where)
        if not isinstance(table, dict):
            raise ConfigError(f"{where}: expected a table")
        _known(path, f"env.{name}.", table, _ENVIRONMENT)
        for key, value in table.items():
            if not _fits(key, value):
                raise ConfigError(f"{path}: env.{name}.{key}: expected {_ENVIRONMENT[key]}")
    return Config(path, os.path.dirname(path), project, store, default_env, environments)


def _known(path: str, place: str, table: Mapping[str, Any], known: Mapping[str, str]) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(f"{path}: unknown key {place}{key}; known here: {', '.join(known)}")


def _fits(key: str, value: object) -> bool:
    if key == "source":
        several = (
            isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)
        )
        return several or (isinstance(value, str) and bool(value))
    if key in ("refresh", "share"):
        return isinstance(value, bool)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(path: str, key: str, value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        raise ConfigError(f"{path}: {key}: expected {_TOP[key]}")
    return value


def _name(name: str, where: str) -> str:
    """An environment's name: it becomes part of names in a store, so it is one plain word."""
    if (
        not isinstance(name, str)
        or not name.replace("-", "").replace("_", "").isalnum()
        or not name.isascii()
    ):
        raise ConfigError(f"{where}: {name!r} is no name of an environment; use letters, digits, '-' and '_'")
    return name


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("?", "%3F").replace("&", "%26")


def _planted(path: str) -> bool:
    foreign = os.stat(path).st_uid not in (0, os.geteuid())
    return foreign and bool(os.stat(os.path.dirname(path)).st_mode & 0o002)


def _upwards(start: str, name: str, is_one: Any) -> str | None:
    directory = os.path.abspath(start)
    while True:
        path = os.path.join(directory, name)
        if is_one(path):
            return path
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
