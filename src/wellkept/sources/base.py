"""The ``Source`` protocol: where secrets come from. One file a provider stands beside this one.

A source is a dumb, honest reader: no cache, no retry, no default. It answers with a ``Secret`` or raises
one of ``errors.SecretError``'s kinds; sorting the provider's failures into those kinds is its main duty,
because everything above (retries, stale values, exit codes) is decided by the kind alone. Caching, single
flight, deadlines and refresh belong to ``loader``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..errors import ConfigError, SecretError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..secret import Secret


@runtime_checkable
class Source(Protocol):
    """What every source offers. Safe to call from several threads at once."""

    url: str
    """Where it reads, in a form that may be printed: never a credential in it."""

    blocking: bool
    """Whether a read may wait (network, disk under load); the loader then reads on a thread it can abandon."""

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        """The secret ``name``: its current version, or the one asked for.

        ``version`` is an identifier of this provider, or ``"previous"``: the one before the current.
        ``timeout`` is in seconds, and an honest attempt. Raises ``NotFound`` (also for ``previous`` where
        there is none, or where the provider keeps no versions), ``Denied``, ``Malformed``,
        ``Unavailable``, ``Throttled``.
        """

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """Each of ``names`` with its secret or the error that it would have raised; one round trip where
        the provider has one. Never raises for a single name's sake."""

    def list(self, *, timeout: float | None = None) -> list[str]:
        """The names that can be seen here, sorted. Never needed for reading. Raises ``Denied`` where listing
        is not allowed and ``ConfigError`` where the provider has no such thing."""

    def close(self) -> None:
        """Give back connections; safe to call twice. A closed source may be used again and reconnects."""

    def after_fork(self) -> None:
        """Called in the child of a fork: forget (never close) whatever belongs to the parent."""

    def whoami(self) -> str:
        """As whom secrets are read here, in a few words for a person; asks the service only where that is free of
        permissions. Raises nothing: what cannot be told is said so."""


class BaseSource:
    """The parts that most sources share: inherit, set ``url``, write ``read``."""

    url: str = ""
    blocking: bool = True
    bounded: bool = False
    """Whether a read that may wait never takes longer than its ``timeout``, whatever happens: name lookup, a
    server that drips, a certificate check. A thread then reads itself instead of having a thread read that it
    could walk away from."""

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        raise NotImplementedError

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """One by one, each with the whole ``timeout``."""
        results: dict[str, Secret | SecretError] = {}
        for name in names:
            try:
                results[name] = self.read(name, timeout=timeout)
            except SecretError as error:
                results[name] = error
        return results

    def list(self, *, timeout: float | None = None) -> list[str]:
        raise ConfigError(f"{self.url}: this source cannot list its secrets")

    def close(self) -> None:
        return None

    def after_fork(self) -> None:
        return None

    def whoami(self) -> str:
        import getpass

        try:
            return f"the operating-system user {getpass.getuser()}"
        except (OSError, KeyError):
            return "an operating-system user without a name"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"
