"""One batch of reads for all that a settings class needs, from whatever the caller has in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import SecretError
from ..loader.secrets import Secrets
from ..secret import Secret
from ..sources.base import Source

if TYPE_CHECKING:
    from ..errors import WellkeptError

Origin: TypeAlias = str | Sequence[str] | Source | Secrets | None
"""A source's URL or several, a source, open secrets; ``None`` for what the configuration says."""

Answers: TypeAlias = tuple[dict[str, Secret | SecretError], str]
"""Each name with its secret or the error about it, and the printable URL of where they were looked for."""


def read(names: Sequence[str], origin: Origin, options: Mapping[str, Any]) -> Answers:
    """Read ``names``. Raises what is wrong with the source as a whole: ``ConfigError``, ``Sealed`` and the like."""
    secrets, to_close = _opened(origin, options)
    try:
        found = secrets.get_each(names)
    finally:
        if to_close:
            secrets.close()
    return _about_secrets(found), secrets.source.url


async def read_async(names: Sequence[str], origin: Origin, options: Mapping[str, Any]) -> Answers:
    """``read`` for tasks."""
    secrets, to_close = _opened(origin, options)
    try:
        found = await secrets.aget_each(names)
    finally:
        if to_close:
            await secrets.aclose()
    return _about_secrets(found), secrets.source.url


def _opened(origin: Origin, options: Mapping[str, Any]) -> tuple[Secrets, bool]:
    """Open secrets, and whether they are to be closed after use. One read needs no refreshing."""
    if isinstance(origin, Secrets):
        return origin, False
    options = {"refresh": False, **options}
    if origin is None:
        from .. import open as open_configured

        return open_configured(**options), True
    # A source that the caller opened stays open: closing these Secrets would close it.
    return Secrets(origin, **options), isinstance(origin, (str, list, tuple))


def _about_secrets(found: Mapping[str, Secret | WellkeptError]) -> dict[str, Secret | SecretError]:
    about: dict[str, Secret | SecretError] = {}
    for name, outcome in found.items():
        if not isinstance(outcome, (Secret, SecretError)):
            raise outcome
        about[name] = outcome
    return about
