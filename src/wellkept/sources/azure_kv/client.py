"""``GET`` requests to one vault: identify, send, follow a challenge once, sort. No retries: the loader's business."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..._version import __version__
from ...errors import ConfigError, Denied, Malformed, SecretError, Unavailable
from .._cloud import Failure, failure_of, left, parsed
from .._http import HttpClient
from . import challenge
from .failures import sort
from .identity import Identity
from .names import domain_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..vault.http1 import Answer

    Result = dict[str, Any] | Failure

API_VERSION = "7.4"
"""Of the data plane; served in every cloud of Azure's."""


class VaultClient:
    """``host`` is the vault's own; ``endpoint`` where it is reached, when that is elsewhere. Thread-safe."""

    def __init__(self, host: str, *, endpoint: str | None, ca: str | None, credential: Any = None) -> None:
        base = endpoint or f"https://{host}"
        if not base.startswith("https://"):
            raise ConfigError("azure-kv: the option 'endpoint' is https://HOST[:PORT]: a token goes there")
        self.host = host
        self.domain = domain_of(host)
        self.identity = Identity(credential)
        self.scope = f"https://{self.domain}/.default"
        self.tenant: str | None = None  # as the vault said in its last challenge
        self._claims: str | None = None
        self._base, self._ca = base, ca
        self._lock = threading.Lock()
        self._http: HttpClient | None = None

    def get(self, path: str, deadline: float) -> Result:
        """What the vault answered, or why it did not."""
        return self.get_many([path], deadline)[0]

    def get_many(self, paths: Sequence[str], deadline: float) -> list[Result]:
        """Each of ``paths`` (with their queries), in order, several on their way at a time. Raises ``ConfigError``."""
        answers = self._send(paths, deadline)
        unknown = [n for n, answer in enumerate(answers) if not _is_failure(answer) and answer.status == 401]
        if unknown:
            refusal = self._take_up(answers[unknown[0]])
            if isinstance(refusal, Failure):
                for number in unknown:
                    answers[number] = refusal
            elif refusal:
                for number, answer in zip(
                    unknown, self._send([paths[number] for number in unknown], deadline), strict=True
                ):
                    answers[number] = answer
        return [_result(answer) for answer in answers]

    def follow(self, link: str) -> str | None:
        """The path of a ``nextLink``, when it leads to this vault; nothing else gets a token."""
        parts = urlsplit(link)
        hosts = (self.host, f"{self.host}:443", urlsplit(self._base).netloc.lower())
        if parts.scheme != "https" or parts.netloc.lower() not in hosts:
            return None
        return f"{parts.path}?{parts.query}"

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self.identity.after_fork()
        if self._http is not None:
            self._http.after_fork()

    def _send(self, paths: Sequence[str], deadline: float) -> list[Any]:
        try:
            token = self.identity.token(self.scope, self.tenant, self._claims)
            http = self._connection()
        except SecretError as error:
            return [failure_of(error)] * len(paths)
        seconds = left(deadline)
        if seconds <= 0:
            late = Failure(Unavailable, "the time for this read was up before Key Vault was asked")
            return [late] * len(paths)
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "User-Agent": f"wellkept/{__version__}",
        }
        requests = [http.encoded("GET", path, headers) for path in paths]
        answers = http.request_many(requests, timeout=seconds)
        return [failure_of(each) if isinstance(each, SecretError) else each for each in answers]

    def _take_up(self, answer: Answer) -> Failure | bool:
        """Whether asking again with what this challenge names may help; a ``Failure`` where it must not be."""
        asked = challenge.parse(answer.headers.get("www-authenticate", ""))
        if asked is None:
            return False
        if not asked.is_for(self.domain):
            return Failure(
                Denied,
                f"whoever answers asks for a token that is not for {self.domain}; is this the right vault?",
            )
        before = (self.tenant, self._claims)
        self.tenant, self._claims = asked.tenant or self.tenant, asked.claims
        return (self.tenant, self._claims) != before

    def _connection(self) -> HttpClient:
        if self._http is None:
            with self._lock:
                if self._http is None:
                    self._http = HttpClient(self._base, ca=self._ca)
        return self._http


def _is_failure(answer: Any) -> bool:
    return isinstance(answer, Failure)


def _result(answer: Answer | Failure) -> Result:
    if isinstance(answer, Failure):
        return answer
    if answer.status != 200:
        return sort(answer)
    content = parsed(answer.body)
    if content is None:
        return Failure(Malformed, "the answer is no JSON object; is the endpoint Key Vault's?")
    return content
