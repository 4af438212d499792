"""``AzureKeyVaultSource``: reading needs ``secrets/get`` on the secret (``Key Vault Secrets User``), nothing more."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from ...clock import SYSTEM
from ...errors import ConfigError, Denied, Malformed, NotFound, SecretError
from .._cloud import TIMEOUT, Failure, authority_of, objects, part, read_prefix, read_timeout
from ..base import BaseSource
from .client import API_VERSION, VaultClient
from .names import service_name, vault_host
from .values import ENCODINGS, make_secret, moment, secret_of, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...clock import Clock
    from ...secret import Secret
    from ..url import SourceURL

QUERY = f"?api-version={API_VERSION}"
PAGES = 400
"""Pages of a listing that are read at most; Key Vault puts 25 on one."""

_VERSION = re.compile(r"[0-9a-f]{32}")


class AzureKeyVaultSource(BaseSource):
    """The secrets of the vault ``vault`` (its name or host), reached at ``endpoint`` where that is elsewhere.

    ``credential`` is one of azure-identity's, or anything with its ``get_token``; ``timeout`` in seconds.
    """

    def __init__(
        self,
        vault: str,
        *,
        prefix: str = "",
        endpoint: str | None = None,
        ca: str | None = None,
        encoding: str = "hint",
        timeout: float = TIMEOUT,
        credential: Any = None,
        clock: Clock = SYSTEM,
    ) -> None:
        if encoding not in ENCODINGS:
            raise ConfigError(f"azure-kv: the option 'encoding' is one of {', '.join(ENCODINGS)}")
        self.url = f"azure-kv://{vault}" + (f"?prefix={prefix}" if prefix else "")
        self._client = VaultClient(vault_host(vault), endpoint=endpoint, ca=ca, credential=credential)
        self._prefix, self._encoding = prefix, encoding
        self._timeout, self._clock = timeout, clock

    @classmethod
    def open(cls, url: SourceURL) -> AzureKeyVaultSource:
        options = url.expect("ca", "encoding", "endpoint", "prefix", "timeout")
        return cls(
            authority_of(url, "azure-kv://NAME, as in azure-kv://billing-prod"),
            prefix=read_prefix(url),
            endpoint=options.get("endpoint"),
            ca=options.get("ca"),
            encoding=options.get("encoding", "hint"),
            timeout=read_timeout(url),
        )

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        """``version`` is a version's id (32 hexadecimal digits), or ``"previous"``: the newest enabled one before
        the newest, for which the versions must be listed; where that is denied, there is none to be found."""
        deadline = self._deadline(timeout)
        path = self._path(name)
        if version == "previous":
            version = self._previous(name, path, deadline)
        elif version is not None and not _VERSION.fullmatch(version):
            raise Failure(NotFound, "a version of Key Vault's is 32 hexadecimal digits").about(name, self.url)
        answer = self._client.get(f"{path}/{version or ''}{QUERY}", deadline)
        return self._or_raise(self._secret(name, answer))

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """One request each, several on their way at a time: Key Vault has no batch."""
        deadline = self._deadline(timeout)
        results: dict[str, Secret | SecretError] = {}
        paths: dict[str, str] = {}
        for name in dict.fromkeys(names):
            try:
                paths[name] = f"{self._path(name)}/{QUERY}"
            except SecretError as error:
                results[name] = error
        answers = self._client.get_many(list(paths.values()), deadline) if paths else []
        for name, answer in zip(paths, answers, strict=True):
            results[name] = self._secret(name, answer)
        return {name: results[name] for name in names}

    def list(self, *, timeout: float | None = None) -> list[str]:
        """The vault's own names below the prefix, without it. Needs ``secrets/list``, which reading does not."""
        start = service_name("x", self._prefix)[:-1]
        pages = self._pages("/secrets", self._deadline(timeout), None)
        names = {str(item.get("id", "")).rpartition("/secrets/")[2] for item in pages}
        below = {name[len(start) :] for name in names if name.lower().startswith(start.lower())}
        return sorted(below - {""})

    def whoami(self) -> str:
        try:
            return self._client.identity.describe(self._client.scope, self._client.tenant)
        except (SecretError, ConfigError) as error:
            return f"unknown: {error}"

    def close(self) -> None:
        self._client.close()

    def after_fork(self) -> None:
        self._client.after_fork()

    def _path(self, name: str) -> str:
        failure = None
        try:
            return f"/secrets/{service_name(name, self._prefix)}"
        except NotFound as error:
            failure = Failure(NotFound, str(error).partition(": ")[2]).about(name, self.url)
        raise failure

    def _secret(self, name: str, answer: dict[str, Any] | Failure) -> Secret | SecretError:
        if isinstance(answer, Failure):
            return answer.about(name, self.url)
        if secret_of(answer).lower() != service_name(name, self._prefix).lower():
            return Failure(Malformed, "the answer is about another secret, or about none").about(
                name, self.url
            )
        return make_secret(answer, name=name, url=self.url, now=self._clock.time(), encoding=self._encoding)

    def _previous(self, name: str, path: str, deadline: float) -> str:
        """The id of the version before the newest enabled one."""
        newest = self._client.get(f"{path}/{QUERY}", deadline)
        if isinstance(newest, Failure) and newest.kind is not NotFound:
            raise newest.about(name, self.url)
        current = None if isinstance(newest, Failure) else version_of(newest)
        dated = []
        for item in self._pages(f"{path}/versions", deadline, name):
            attributes = part(item, "attributes")
            version = version_of(item)
            if version is not None and attributes.get("enabled") is not False:
                dated.append((version == current, moment(attributes.get("created")) or 0.0, version))
        dated.sort(reverse=True)  # the current one first: creation is told in whole seconds only
        if len(dated) < 2:
            raise Failure(NotFound, "there is no enabled version before the current one").about(
                name, self.url
            )
        return dated[1][2]

    def _pages(self, path: str, deadline: float, name: str | None) -> Sequence[dict[str, Any]]:
        """Every item of a listing. Raises what the first failing page says."""
        items: list[dict[str, Any]] = []
        where: str | None = f"{path}{QUERY}&maxresults=25"
        for _ in range(PAGES):
            page = self._client.get(where, deadline) if where is not None else None
            if page is None:
                raise Failure(Malformed, "the listing leads on to another server").about(name, self.url)
            if isinstance(page, Failure):
                if page.kind is Denied and name is not None:
                    hint = "the version before needs permission to list versions, which is denied; "
                    page = Failure(NotFound, hint + "read it by its id, or allow secrets/readMetadata/action")
                raise page.about(name, self.url)
            items += objects(page, "value")
            link = page.get("nextLink")
            if not link:
                return items
            where = self._client.follow(str(link))
        raise Failure(Malformed, f"the listing has no end after {PAGES} pages").about(name, self.url)

    def _or_raise(self, outcome: Secret | SecretError) -> Secret:
        if isinstance(outcome, SecretError):
            raise outcome
        return outcome

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + (self._timeout if timeout is None else timeout)
