"""``store:PATH`` reads the encrypted store, in-process, through the one door that everybody uses.

So every read is authorised and audited. ``?prefix=prod/billing`` is put before each name; ``&policies=a,b``
drops the operator's privileges for those of the named policies. A version is a number, a stage's name, or
``previous``. The store is opened at the first read: ``ConfigError`` where there is none at ``PATH``, ``Sealed``
where its key is not found; neither is a failure that retrying would mend.
"""

from __future__ import annotations

import os
from _thread import allocate_lock  # `threading` costs a millisecond at start-up
from typing import TYPE_CHECKING

from ..clock import SYSTEM
from ..errors import (
    AuditError,
    ConfigError,
    InvalidRequest,
    NotFound,
    SecretError,
    StorageUnavailable,
    Unavailable,
    WellkeptError,
)
from ..secret import Secret
from .base import BaseSource
from .url import check_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..clock import Clock
    from ..core.local import LocalStore, Version
    from .url import SourceURL


class StoreSource(BaseSource):
    """The store in the directory ``path``, seen from ``prefix`` with the rights of ``policies``."""

    def __init__(
        self,
        path: str,
        *,
        prefix: str = "",
        policies: Sequence[str] | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.path = path
        self.prefix = prefix
        self.policies = None if policies is None else tuple(policies)
        options = [f"prefix={prefix}"] if prefix else []
        options += [] if policies is None else [f"policies={','.join(policies)}"]
        self.url = f"store:{path}" + ("?" + "&".join(options) if options else "")
        self._clock = clock
        self._lock = allocate_lock()
        self._store: LocalStore | None = None
        self.prompt: Callable[[], str] | None = None
        """Asked for the passphrase of a store that has one; the command line sets it."""

    def whoami(self) -> str:
        rights = "operator" if self.policies is None else ", ".join(self.policies) or "none"
        return f"{super().whoami()}, with the policies: {rights}"

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        number = int(version) if version is not None and version.isdecimal() else None
        stage = version if number is None else None
        try:
            found = self._opened().read(self._full(name), version=number, stage=stage)
        except WellkeptError as error:
            failure = self._sorted(error, name)
        else:
            return self._secret(found, name)
        raise failure

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """One batch: one audit record's ``fsync`` for all of them. Raises when the store as a whole fails."""
        full = {name: self._full(name) for name in names}
        try:
            found = self._opened().read_many(list(full.values()))
        except WellkeptError as error:
            failure = self._sorted(error, None)
        else:
            return {name: self._each(found[full[name]], name) for name in names}
        raise failure

    def list(self, *, timeout: float | None = None) -> list[str]:
        start = f"{self.prefix}/" if self.prefix else ""
        try:
            return sorted(name.removeprefix(start) for name in self._opened().walk(start))
        except WellkeptError as error:
            failure = self._sorted(error, None)
        raise failure

    def revision(self) -> int:
        """A number that grows with every change in the store: a cheap way to know that there is none."""
        try:
            return self._opened().revision()
        except WellkeptError as error:
            failure = self._sorted(error, None)
        raise failure

    def close(self) -> None:
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def after_fork(self) -> None:
        """The store itself never touches what its parent opened; only our lock may be left held."""
        self._lock = allocate_lock()

    def _opened(self) -> LocalStore:
        store = self._store
        if store is not None:
            return store
        from ..core.local import open_store
        from ..core.place import DATABASE

        with self._lock:
            if self._store is None:
                if not os.path.lexists(os.path.join(self.path, DATABASE)):
                    raise ConfigError(f"there is no store at {self.path}; make one with: wellkept init")
                self._store = open_store(
                    self.path, policies=self.policies, clock=self._clock, prompt=self.prompt
                )
            return self._store

    def _full(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _each(self, found: Version | WellkeptError, name: str) -> Secret | SecretError:
        if not isinstance(found, WellkeptError):
            return self._secret(found, name)
        failure = self._sorted(found, name)
        if isinstance(failure, SecretError):
            return failure
        raise failure

    def _secret(self, found: Version, name: str) -> Secret:
        """The same value under the name it was asked for by."""
        secret = found.secret
        return Secret(
            secret.reveal_bytes() if secret.is_binary else secret.reveal(),
            name=name,
            version=secret.version,
            source=self.url,
            created=found.info.created,
        )

    def _sorted(self, error: WellkeptError, name: str | None) -> WellkeptError:
        """``error`` in a source's terms. What cannot be mended by asking again stays what it is."""
        if isinstance(error, (StorageUnavailable, AuditError)):
            return Unavailable(f"{self.path}: {error}", name=name, source=self.url)
        if isinstance(error, InvalidRequest) and name is not None:
            # No such name can exist in the store, so a chain may look for it further down.
            return NotFound(f"{name!r}: {error}", name=name, source=self.url)
        if isinstance(error, SecretError):
            error.name, error.source = name, self.url
            return error.with_traceback(None)
        return error


def open_store_source(url: SourceURL) -> StoreSource:
    """``store:PATH`` with the options ``prefix`` and ``policies``."""
    options = url.expect("prefix", "policies")
    policies = None
    if "policies" in options:
        policies = options["policies"].split(",")
        if not all(policies):
            raise ConfigError(
                "store: the option 'policies' is a list of names, as in policies=billing,reports"
            )
    prefix = options.get("prefix", "")
    return StoreSource(url.path(), prefix=check_prefix("store", prefix) if prefix else "", policies=policies)
