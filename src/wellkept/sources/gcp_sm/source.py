"""``GoogleSecretManagerSource``: reading needs ``secretmanager.versions.access`` on the secret, nothing more."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, Malformed, NotFound, SecretError, Unavailable
from ...secret import Secret
from .._cloud import TIMEOUT, Failure, authority_of, objects, part, read_prefix, read_timeout
from ..base import BaseSource
from .client import SecretManagerClient
from .crc32c import crc32c
from .names import check_location, check_project, service_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..url import SourceURL

PREVIOUS_STEPS = 100
"""Versions looked at, at most, in search of the one before the latest that is enabled."""

PAGES = 400
"""Pages of a listing that are read at most."""

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_VERSION = re.compile(r"projects/[^/]+/(?:locations/[^/]+/)?secrets/([^/]+)/versions/([1-9][0-9]{0,17})")


class GoogleSecretManagerSource(BaseSource):
    """The secrets of ``project`` (id or number; ``None``: what the environment or the credentials name).

    ``location`` is for regional secrets. ``created``: ask also when a version was made, which needs a permission
    of its own (``secretmanager.versions.get``) and is left out where that is denied. ``credentials`` are
    google-auth's; ``timeout`` in seconds.
    """

    def __init__(
        self,
        project: str | None = None,
        *,
        prefix: str = "",
        location: str = "",
        endpoint: str | None = None,
        ca: str | None = None,
        created: bool = False,
        timeout: float = TIMEOUT,
        credentials: Any = None,
    ) -> None:
        self.url = f"gcp-sm://{project or ''}" + (f"?prefix={prefix}" if prefix else "")
        self._project = check_project(project) if project else None
        self._location = check_location(location) if location else ""
        host = f"secretmanager.{location}.rep.googleapis.com" if location else "secretmanager.googleapis.com"
        self._client = SecretManagerClient(endpoint or f"https://{host}", ca=ca, credentials=credentials)
        self._prefix, self._timeout, self._ask_created = prefix, timeout, created

    @classmethod
    def open(cls, url: SourceURL) -> GoogleSecretManagerSource:
        options = url.expect("ca", "created", "endpoint", "location", "prefix", "timeout")
        if options.get("created", "no") not in ("yes", "no"):
            raise ConfigError("gcp-sm: the option 'created' is yes or no")
        return cls(
            authority_of(url, "gcp-sm://PROJECT, as in gcp-sm://my-project") or None,
            prefix=read_prefix(url),
            location=options.get("location", ""),
            endpoint=options.get("endpoint"),
            ca=options.get("ca"),
            created=options.get("created") == "yes",
            timeout=read_timeout(url),
        )

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        """``version`` is a number, an alias, ``"latest"``, or ``"previous"``: the newest before the latest that is
        enabled. A version that is disabled or destroyed is not found."""
        deadline = self._deadline(timeout)
        wanted = "latest" if version in (None, "previous") else str(version)
        if not _NUMBER.fullmatch(wanted) and not _ALIAS.fullmatch(wanted):
            raise Failure(NotFound, "versions are numbers from 1 on, or aliases").about(name, self.url)
        path = self._path(name)
        found = self._secret(name, self._client.get(_access(path, wanted), deadline))
        if version == "previous":
            found = self._previous(name, path, found, deadline)
        if isinstance(found, SecretError):
            raise found
        return self._dated(found, path, deadline) if self._ask_created else found

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """One request each, several on their way at a time: Secret Manager has no batch."""
        deadline = self._deadline(timeout)
        results: dict[str, Secret | SecretError] = {}
        paths: dict[str, str] = {}
        for name in dict.fromkeys(names):
            try:
                paths[name] = self._path(name)
            except SecretError as error:
                results[name] = error
        every = [_access(path, "latest") for path in paths.values()]
        answers = self._client.get_many(every, deadline) if every else []
        for (name, path), answer in zip(paths.items(), answers, strict=True):
            found = self._secret(name, answer)
            if self._ask_created and isinstance(found, Secret):
                found = self._dated(found, path, deadline)
            results[name] = found
        return {name: results[name] for name in names}

    def list(self, *, timeout: float | None = None) -> list[str]:
        """Google's own names below the prefix, without it. Needs ``secretmanager.secrets.list`` on the project."""
        deadline = self._deadline(timeout)
        start = service_name("x", self._prefix)[:-1]
        names: set[str] = set()
        token = ""
        for _ in range(PAGES):
            after = f"&pageToken={_quoted(token)}" if token else ""
            page = self._client.get(f"{self._parent()}/secrets?pageSize=250{after}", deadline)
            if isinstance(page, Failure):
                raise page.about(None, self.url)
            names |= {
                str(each.get("name", "")).rpartition("/secrets/")[2] for each in objects(page, "secrets")
            }
            token = str(page.get("nextPageToken") or "")
            if not token:
                return sorted({name[len(start) :] for name in names if name.startswith(start)} - {""})
        raise Failure(Malformed, f"the listing has no end after {PAGES} pages").about(None, self.url)

    def whoami(self) -> str:
        try:
            return self._client.identity.describe()
        except (SecretError, ConfigError) as error:
            return f"unknown: {error}"

    def close(self) -> None:
        self._client.close()

    def after_fork(self) -> None:
        self._client.after_fork()

    def _parent(self) -> str:
        """The path above the secrets. Raises ``ConfigError`` where nothing names a project."""
        if self._project is None:
            found = self._client.identity.project()
            if not found:
                raise ConfigError("gcp-sm: names no project: gcp-sm://PROJECT, or GOOGLE_CLOUD_PROJECT")
            self._project = check_project(found)
        middle = f"/locations/{self._location}" if self._location else ""
        return f"/v1/projects/{self._project}{middle}"

    def _path(self, name: str) -> str:
        failure = None
        try:
            mapped = service_name(name, self._prefix)
        except NotFound as error:
            failure = Failure(NotFound, str(error).partition(": ")[2]).about(name, self.url)
        if failure is None:
            try:
                return f"{self._parent()}/secrets/{mapped}"
            except SecretError as error:  # no identity, so no project either
                failure = Failure(type(error), str(error)).about(name, self.url)
        raise failure

    def _secret(self, name: str, answer: dict[str, Any] | Failure) -> Secret | SecretError:
        if isinstance(answer, Failure):
            return answer.about(name, self.url)
        payload = part(answer, "payload")
        version = _VERSION.fullmatch(str(answer.get("name", "")))
        value = _decoded(payload.get("data", "" if "dataCrc32c" in payload else None))
        if version is not None and version[1] != service_name(name, self._prefix):
            return Failure(Malformed, "the answer is about another secret").about(name, self.url)
        if value is None or version is None:
            return Failure(Malformed, "the answer holds no value or no version").about(name, self.url)
        if "dataCrc32c" in payload and str(payload["dataCrc32c"]) != str(crc32c(value)):
            text = "the value does not match its checksum: it was damaged on its way"
            return Failure(Unavailable, text).about(name, self.url)
        return Secret(value, name=name, version=version[2], source=self.url)

    def _previous(
        self, name: str, path: str, latest: Secret | SecretError, deadline: float
    ) -> Secret | SecretError:
        """Step back from the latest: this needs no permission besides that to read the secret."""
        if isinstance(latest, SecretError):
            return latest
        number = int(latest.version or 0)
        for older in range(number - 1, max(number - 1 - PREVIOUS_STEPS, 0), -1):
            found = self._secret(name, self._client.get(_access(path, str(older)), deadline))
            if not isinstance(found, NotFound):
                return found
        text = "there is no enabled version before the latest"
        return Failure(NotFound, text).about(name, self.url)

    def _dated(self, secret: Secret, path: str, deadline: float) -> Secret:
        answer = self._client.get(f"{path}/versions/{secret.version}", deadline)
        created = None if isinstance(answer, Failure) else _moment(answer.get("createTime"))
        return Secret(
            secret.reveal_bytes(),
            name=secret.name,
            version=secret.version,
            source=secret.source,
            created=created,
        )

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + (self._timeout if timeout is None else timeout)


def _access(path: str, version: str) -> str:
    return f"{path}/versions/{version}:access"


def _quoted(token: str) -> str:
    from urllib.parse import quote

    return quote(token, safe="")


def _decoded(text: Any) -> bytes | None:
    from base64 import b64decode

    try:
        return b64decode(text, validate=True) if isinstance(text, str) else None
    except ValueError:
        return None


def _moment(text: Any) -> float | None:
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except ValueError:
        return None
