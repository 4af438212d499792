"""A chain of sources with precedence: the first that has a secret answers for it.

Only ``NotFound`` passes a question on. ``Denied``, ``Malformed`` and a transient failure end it, because the
source that failed may be the one that has the secret, and an answer from further down would be a wrong one.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from ..errors import ConfigError, NotFound, SecretError
from .base import BaseSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..secret import Secret
    from .base import Source


class ChainSource(BaseSource):
    """``sources`` in order of precedence. Secrets keep the URL of the source that they were found in."""

    def __init__(self, sources: Sequence[Source]) -> None:
        if not sources:
            raise ConfigError("a chain needs at least one source")
        self.sources = tuple(sources)
        self.url = " > ".join(source.url for source in self.sources)
        self.blocking = any(getattr(source, "blocking", True) for source in self.sources)
        self.flat = any(_flat(source) for source in self.sources)

    def whoami(self) -> str:
        return "; ".join(f"{source.url}: {_who(source)}" for source in self.sources)

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        time_left = _countdown(timeout)
        for source in self._asked_for(name):
            try:
                return source.read(name, version=version, timeout=time_left())
            except NotFound:
                if version is None:
                    continue
            # A version belongs to the source that has the secret now, not to one further down.
            if _has(source, name, time_left()):
                raise NotFound(
                    f"{name!r}: {source.url} has no version {version!r}", name=name, source=source.url
                )
        raise self._nowhere(name)

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        time_left = _countdown(timeout)
        found: dict[str, Secret | SecretError] = {}
        missing = list(dict.fromkeys(names))
        for source in self.sources:
            asked = [name for name in missing if _flat(source) or "#" not in name]
            if not asked:
                continue
            answers = source.read_many(asked, timeout=time_left())
            found.update(
                {name: answer for name, answer in answers.items() if not isinstance(answer, NotFound)}
            )
            missing = [name for name in missing if name not in found]
        return {name: found.get(name) or self._nowhere(name) for name in names}

    def list(self, *, timeout: float | None = None) -> list[str]:
        """What any of the sources has. Raises when one of them cannot list."""
        time_left = _countdown(timeout)
        return sorted({name for source in self.sources for name in source.list(timeout=time_left())})

    def close(self) -> None:
        for source in self.sources:
            source.close()

    def after_fork(self) -> None:
        for source in self.sources:
            source.after_fork()

    def _asked_for(self, name: str) -> tuple[Source, ...]:
        if "#" not in name:
            return self.sources
        return tuple(source for source in self.sources if _flat(source))

    def _nowhere(self, name: str) -> NotFound:
        return NotFound(f"{name!r} is in none of: {self.url}", name=name, source=self.url)


def _flat(source: object) -> bool:
    return bool(getattr(source, "flat", False))


def _has(source: Source, name: str, timeout: float | None) -> bool:
    try:
        source.read(name, timeout=timeout)
    except NotFound:
        return False
    return True


def _countdown(timeout: float | None) -> Callable[[], float | None]:
    """Called: what is left of ``timeout`` seconds, never below zero; ``None`` stays ``None``."""
    if timeout is None:
        return lambda: None
    end = monotonic() + timeout
    return lambda: max(0.0, end - monotonic())


def _who(source: Source) -> str:
    """A third party's source may be older than the question."""
    ask = getattr(source, "whoami", None)
    return "unknown" if ask is None else str(ask())
