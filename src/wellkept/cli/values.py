"""The secrets of an environment, read for ``run`` and ``export``: all of them, or those named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotFound, SecretError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..secret import Secret
    from ..sources.base import Source


def select(source: Source, only: Sequence[str] | None = None) -> dict[str, Secret]:
    """Name to secret, in the order of the names. ``only`` may hold ``name#field``.

    A name asked for that is missing raises ``NotFound``; of those merely listed, the ones without a readable
    version (deleted, expired) are left out. Anything else that is wrong with one of them raises: a program
    must not start with half of its secrets.
    """
    if not only:
        listed = source.read_many(names_in(source))
        return {name: _found(answer) for name, answer in listed.items() if not isinstance(answer, NotFound)}
    flat = getattr(source, "flat", False)  # may hold name#field as an entry of its own
    found = dict(source.read_many([name for name in dict.fromkeys(only) if flat or "#" not in name]))
    fields = [
        name
        for name in dict.fromkeys(only)
        if "#" in name and isinstance(found.get(name, _MISSING), NotFound)
    ]
    objects = source.read_many(list(dict.fromkeys(name.partition("#")[0] for name in fields)))
    for name in fields:
        base, _, field = name.partition("#")
        found[name] = _found(objects[base]).field(field)
    return {name: _found(found[name]) for name in only}


def names_in(source: Source) -> list[str]:
    """The names that ``source`` has, sorted.

    Not those of ``env:``, which would be every variable that there is: they are in the environment already,
    and in a chain it still has its say about the names of the others.
    """
    parts = getattr(source, "sources", None)
    if parts is not None:
        return sorted({name for part in parts for name in names_in(part)})
    return [] if source.url == EVERY_VARIABLE else source.list()


EVERY_VARIABLE = "env:"

_MISSING = NotFound("not asked for yet")


def _found(answer: Secret | SecretError) -> Secret:
    if isinstance(answer, SecretError):
        raise answer
    return answer
