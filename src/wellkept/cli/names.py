"""Names as they are typed, made whole: see ``wellkept help names``."""

from __future__ import annotations

from typing import NamedTuple

from .usage import Usage


class Named(NamedTuple):
    """A whole name, and the field after ``#`` where there is one."""

    name: str
    field: str | None


def whole(typed: str, prefix: str, *, env_given: bool = False) -> str:
    """The whole name for what was typed. ``prefix`` is the current environment's (``dev/billing``).

    A leading slash makes it whole as it stands; otherwise, so does any slash in it, unless the environment
    was given (``--env``), to which every name then belongs.
    """
    if typed.startswith("/"):
        return typed[1:]
    if "/" in typed and not env_given:
        return typed
    return f"{prefix}/{typed}" if prefix else typed


def with_field(typed: str, prefix: str, *, env_given: bool = False) -> Named:
    """``whole``, with ``name#field`` taken apart. Raises ``Usage`` for an empty half."""
    name, mark, field = typed.partition("#")
    if mark and not (name and field):
        raise Usage(f"{typed!r}: a field is written NAME#FIELD")
    return Named(whole(name, prefix, env_given=env_given), field if mark else None)
