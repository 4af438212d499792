"""``VaultSource``: the KV secrets of one mount as a ``Source``."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING

from ...errors import NotFound, SecretError, WellkeptError
from ..base import BaseSource
from . import kv
from .answers import part
from .listing import walk
from .options import read_options
from .session import Session
from .values import make_secret, quote_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...secret import Secret
    from ..url import SourceURL
    from .http1 import Answer
    from .options import Options

PREVIOUS_STEPS = 100
"""Versions looked at, at most, in search of the one before the current that is not deleted."""

WHOAMI = 5.0
"""Seconds for asking who one is, at most."""

REMEMBERED = 4096
"""Names whose quoted form is kept, at most."""


class VaultSource(BaseSource):
    """The KV engine (version 1 or 2) at a mount of Vault, OpenBao or our own server.

    Names are paths under the mount and the prefix. Nothing is asked of the server before the first read.
    ``session`` is the API underneath, for leases.
    """

    blocking = True
    bounded = True  # every wait below is for a socket with the rest of the deadline, or for a thread with it

    def __init__(self, options: Options) -> None:
        self.url = options.printable
        self.session = Session(options)
        self._options = options
        self._prefix = f"{options.prefix}/" if options.prefix else ""
        self._paths: dict[str, str] = {}
        self._layout = None if options.kv is None else kv.layout(options.mount, options.kv)

    @classmethod
    def from_url(cls, url: SourceURL) -> VaultSource:
        """The source that ``url`` and the environment describe. Raises ``ConfigError``."""
        return cls(read_options(url))

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        """The secret ``name``. ``version`` is a number, or ``"previous"``: the newest before the current that is
        not deleted. A version that is deleted or destroyed is not found."""
        path = self._quoted(name)
        deadline = self._deadline(timeout)
        layout = self._layout or self._detect(deadline)
        if version is None:
            return self._secret(name, self._look(layout, path, name, None, deadline))
        if not layout.versioned:
            raise NotFound(
                f"{self.url}: {name!r}: a version 1 engine keeps no versions", name=name, source=self.url
            )
        if version == "previous":
            return self._previous(layout, path, name, deadline)
        if not (version.isascii() and version.isdigit() and 0 < len(version) < 16 and int(version) > 0):
            raise NotFound(
                f"{self.url}: {name!r}: versions are numbers from 1 on", name=name, source=self.url
            )
        return self._secret(name, self._look(layout, path, name, int(version), deadline))

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """All ``names``, several requests on their way at a time: Vault's API has no batch."""
        deadline = self._deadline(timeout)
        results: dict[str, Secret | SecretError] = dict.fromkeys(names, NotFound(""))
        paths: dict[str, str] = {}
        try:
            layout = self._layout or self._detect(deadline)
            for name in results:
                try:
                    paths[name] = layout.data + self._quoted(name)
                except SecretError as error:
                    results[name] = error
            found = self.session.call_many("GET", list(paths.values()), deadline)
        except SecretError as error:
            failure = error
        else:
            for name, answer in zip(paths, found, strict=True):
                results[name] = self._sorted(layout, name, answer)
            return results
        return {name: _named(failure, name) for name in results}

    def list(self, *, timeout: float | None = None) -> list[str]:
        """The names under the prefix, folder by folder; those whose current version is deleted among them.

        Needs permission to list, which reading does not; a folder within that may not be listed is left out.
        """
        deadline = self._deadline(timeout)
        layout = self._layout or self._detect(deadline)
        return walk(self.session, layout, self._options.prefix, deadline)

    def whoami(self) -> str:
        """The token's display name and policies, which every token may ask for unless it was denied that."""
        try:
            answer = self.session.call("GET", "auth/token/lookup-self", deadline=self._deadline(WHOAMI))
        except WellkeptError as error:
            return f"nobody: {error}"
        data = part(answer, "data") if answer.status == 200 else None
        if data is None:
            return "a token that may not look itself up"
        policies = [each for each in data.get("policies") or () if isinstance(each, str)]
        policies += [each for each in data.get("identity_policies") or () if isinstance(each, str)]
        space = f" in the namespace {self._options.namespace}" if self._options.namespace else ""
        return f"{data.get('display_name') or 'a token'}{space}, with the policies {', '.join(policies) or 'none'}"

    def close(self) -> None:
        self.session.close()

    def after_fork(self) -> None:
        self.session.after_fork()

    def _look(
        self, layout: kv.Layout, path: str, name: str, version: int | None, deadline: float
    ) -> kv.Found:
        query = "" if version is None else f"?version={version}"
        answer = self.session.call("GET", layout.data + path + query, deadline=deadline)
        return kv.parse(answer, layout.versioned, what=f"reading {name!r}", name=name, source=self.url)

    def _previous(self, layout: kv.Layout, path: str, name: str, deadline: float) -> Secret:
        """Step back from the current version: this needs no permission besides that to read the secret."""
        number = int(self._look(layout, path, name, None, deadline).version or 0)
        for older in range(number - 1, max(number - 1 - PREVIOUS_STEPS, 0), -1):
            found = self._look(
                layout, path, name, older, deadline
            )  # NotFound: no longer kept, nor any before
            if found.data is not None:
                return self._secret(name, found)
        raise NotFound(f"{self.url}: {name!r} has no previous version", name=name, source=self.url)

    def _secret(self, name: str, found: kv.Found) -> Secret:
        return make_secret(found, name=name, source=self.url, plain=self._options.plain_value)

    def _sorted(self, layout: kv.Layout, name: str, answer: Answer | SecretError) -> Secret | SecretError:
        if isinstance(answer, SecretError):
            return answer
        try:
            found = kv.parse(answer, layout.versioned, what=f"reading {name!r}", name=name, source=self.url)
            return self._secret(name, found)
        except SecretError as error:
            return error

    def _detect(self, deadline: float) -> kv.Layout:
        self._layout = kv.detect(self.session, deadline)
        return self._layout

    def _quoted(self, name: str) -> str:
        path = self._paths.get(name)
        if path is None:
            path = quote_name(self._prefix + name, self.url)
            if len(self._paths) < REMEMBERED:
                self._paths[name] = path
        return path

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + (self._options.timeout if timeout is None else timeout)


def _named(error: SecretError, name: str) -> SecretError:
    """A copy of ``error``, about ``name``: several callers must not share one exception."""
    fresh = copy.copy(error)
    fresh.name = name
    return fresh
