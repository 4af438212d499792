"""Which environment variable a secret becomes, for ``run`` and ``export`` alike.

A name that is a variable's already (``DATABASE_URL``, ``http_proxy``) stays as it is, so that an imported
``.env`` comes out as it went in; any other is mapped as ``sources.names`` does when it reads the environment
(``database/password`` and ``database-password`` become ``DATABASE_PASSWORD``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ..errors import ConfigError
from ..sources.names import env_name

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


def variable(name: str) -> str:
    """The variable for the secret ``name``."""
    return name if name.isascii() and name.isidentifier() else env_name(name)


def by_variable(values: Mapping[str, T]) -> dict[str, T]:
    """``values`` under their variables' names. Raises ``ConfigError`` when two would share one."""
    named: dict[str, T] = {}
    origin: dict[str, str] = {}
    for name, value in values.items():
        target = variable(name)
        if target in origin:
            raise ConfigError(
                f"{origin[target]!r} and {name!r} would both be the variable {target}; choose with --only"
            )
        origin[target], named[target] = name, value
    return named
