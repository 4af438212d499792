"""``KubernetesSource``: a read is one ``get`` of one Secret by its name, so a Role with ``resourceNames`` is enough
(``wellkept policy ... --for k8s`` writes it); nothing is ever listed or watched in order to read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, Malformed, NotFound, SecretError
from ...secret import Secret
from .._cloud import (
    TIMEOUT,
    Failure,
    authority_of,
    objects,
    part,
    read_prefix,
    read_timeout,
)
from ..base import BaseSource
from .client import ApiClient
from .names import Place, find, listed_name
from .pod import ACCOUNT, Pod
from .values import pick

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..url import SourceURL
    from .client import Result

    Objects = list[dict[str, Any]]

PAGE = 50
"""Secrets on a page of a listing: each may be 1 MiB, and an answer is bounded."""

PAGES = 400
"""Pages of a listing that are read at most."""


class KubernetesSource(BaseSource):
    """The Secrets of ``namespace`` (empty: the pod's own), or of them the keys of ``secret`` only.

    ``endpoint``, ``ca`` and ``token_file`` replace what the pod is given in ``account``; ``timeout`` in seconds.
    Raises ``ConfigError`` where neither a pod's variables nor ``endpoint`` say where the API server is.
    """

    def __init__(
        self,
        namespace: str = "",
        *,
        secret: str = "",
        prefix: str = "",
        endpoint: str | None = None,
        ca: str | None = None,
        token_file: str | None = None,
        account: str = ACCOUNT,
        timeout: float = TIMEOUT,
    ) -> None:
        self._pod = Pod(account, endpoint=endpoint, ca=ca, token_file=token_file)
        self.namespace = self._pod.namespace(namespace)
        self._secret, self._prefix, self._timeout = secret, prefix, timeout
        if not isinstance(refused := find("x", prefix, secret), Place):
            raise ConfigError(f"k8s: the options 'prefix' and 'secret' name no Secret: {refused}")
        options = [f"{key}={value}" for key, value in (("prefix", prefix), ("secret", secret)) if value]
        self.flat = bool(
            secret
        )  # the keys of one Secret are like variables: database#password is DATABASE_PASSWORD
        self.url = f"k8s://{self.namespace}" + (f"?{'&'.join(options)}" if options else "")
        self._client = ApiClient(self._pod)
        self._path = f"/api/v1/namespaces/{self.namespace}/secrets"

    @classmethod
    def open(cls, url: SourceURL) -> KubernetesSource:
        options = url.expect("account", "ca", "endpoint", "prefix", "secret", "timeout", "token_file")
        return cls(
            authority_of(url, "k8s://NAMESPACE, as in k8s://billing, or k8s:// for the pod's own"),
            secret=options.get("secret", ""),
            prefix=read_prefix(url),
            endpoint=options.get("endpoint"),
            ca=options.get("ca"),
            token_file=options.get("token_file"),
            account=options.get("account", ACCOUNT),
            timeout=read_timeout(url),
        )

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        """``version`` is a ``resourceVersion``, and only the current one can be had: Kubernetes keeps no others."""
        found = self.read_many([name], timeout=timeout)[name]
        if isinstance(found, SecretError):
            raise found
        if version is not None and version != found.version:
            missing = "Kubernetes keeps no version of a Secret but the current one"
            raise Failure(NotFound, missing).about(name, self.url)
        return found

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """One ``get`` for each Secret that holds some of ``names``, several on their way at a time."""
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        places: dict[str, Place | Failure] = {name: self._place(name) for name in names}
        secrets = list(dict.fromkeys(place.secret for place in places.values() if isinstance(place, Place)))
        answers = self._client.get([f"{self._path}/{secret}" for secret in secrets], deadline)
        held = dict(zip(secrets, answers, strict=True))
        results: dict[str, Secret | SecretError] = {}
        for name, place in places.items():
            made = place if isinstance(place, Failure) else self._made(name, place, held[place.secret])
            results[name] = made.about(name, self.url) if isinstance(made, Failure) else made
        return results

    def list(self, *, timeout: float | None = None) -> list[str]:
        """``SECRET/KEY`` for all keys of all Secrets below the prefix. Needs the verb ``list``, which hands out every
        value of the namespace and which reading does not need; with ``secret=``, the keys of that one, by a ``get``."""
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        found: Objects | Failure
        if self._secret:
            (single,) = self._client.get([f"{self._path}/{self._secret}"], deadline)
            found = single if isinstance(single, Failure) else [single]
        else:
            found = self._pages(deadline)
        if isinstance(found, Failure):
            raise found.about("", self.url)
        names = {
            listed_name(str(part(item, "metadata").get("name", "")), key, self._prefix, self._secret)
            for item in found
            for key in part(item, "data")
        }
        return sorted(name for name in names if name)

    def whoami(self) -> str:
        return self._pod.whoami()

    def close(self) -> None:
        self._client.close()

    def after_fork(self) -> None:
        self._client.after_fork()

    def _place(self, name: str) -> Place | Failure:
        found = find(name, self._prefix, self._secret)
        return found if isinstance(found, Place) else Failure(NotFound, found)

    def _made(self, name: str, place: Place, content: Result) -> Secret | Failure:
        if isinstance(content, Failure):
            return content
        version = part(content, "metadata").get("resourceVersion")
        if content.get("kind") != "Secret" or not isinstance(version, str):
            return Failure(Malformed, "the answer is no Secret; is the endpoint the API server's?")
        value = pick(content, place)
        if isinstance(value, Failure):
            return value
        return Secret(value, name=name, version=version, source=self.url)

    def _pages(self, deadline: float) -> Objects | Failure:
        """Every Secret of the namespace, or the failure of the first page that has one."""
        items: Objects = []
        following = ""
        for _ in range(PAGES):
            (page,) = self._client.get([f"{self._path}?limit={PAGE}{following}"], deadline)
            if isinstance(page, Failure):
                return page
            items += objects(page, "items")
            token = part(page, "metadata").get("continue")
            if not token:
                return items
            from urllib.parse import quote

            following = f"&continue={quote(str(token), safe='')}"
        return Failure(Malformed, f"the listing has no end after {PAGES} pages")
