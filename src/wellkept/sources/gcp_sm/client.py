"""``GET`` requests to Secret Manager's REST API: identify, send, sort. No retries: the loader's business."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ...errors import ConfigError, Malformed, SecretError, Unavailable
from .._cloud import Failure, failure_of, left, parsed
from .._http import HttpClient
from .failures import sort
from .identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..vault.http1 import Answer

    Result = dict[str, Any] | Failure


class SecretManagerClient:
    """``base`` is where the API is reached. Safe to use from several threads; opens nothing before the first call."""

    def __init__(self, base: str, *, ca: str | None, credentials: Any = None) -> None:
        if not base.startswith("https://") and not _is_loopback(base):
            raise ConfigError("gcp-sm: the option 'endpoint' is https://HOST[:PORT]: a token goes there")
        self.identity = Identity(credentials)
        self._base, self._ca = base, ca
        self._lock = threading.Lock()
        self._http: HttpClient | None = None

    def get(self, path: str, deadline: float) -> Result:
        """What Google answered, or why it did not."""
        return self.get_many([path], deadline)[0]

    def get_many(self, paths: Sequence[str], deadline: float) -> list[Result]:
        """Each of ``paths``, in order, several on their way at a time. Raises ``ConfigError``."""
        answers = self._send(paths, deadline)
        again = [n for n, each in enumerate(answers) if not isinstance(each, Failure) and each.status == 401]
        if again and self.identity.renew():
            fresh = self._send([paths[number] for number in again], deadline)
            for number, answer in zip(again, fresh, strict=True):
                answers[number] = answer
        return [_result(answer) for answer in answers]

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self.identity.after_fork()
        if self._http is not None:
            self._http.after_fork()

    def _send(self, paths: Sequence[str], deadline: float) -> list[Answer | Failure]:
        try:
            authorised = self.identity.headers()
            http = self._connection()
        except SecretError as error:
            return [failure_of(error)] * len(paths)
        seconds = left(deadline)
        if seconds <= 0:
            late = Failure(Unavailable, "the time for this read was up before Google was asked")
            return [late] * len(paths)
        headers = {**authorised, "Accept": "application/json", "User-Agent": f"wellkept/{__version__}"}
        requests = [http.encoded("GET", path, headers) for path in paths]
        answers = http.request_many(requests, timeout=seconds)
        return [failure_of(each) if isinstance(each, SecretError) else each for each in answers]

    def _connection(self) -> HttpClient:
        if self._http is None:
            with self._lock:
                if self._http is None:
                    self._http = HttpClient(self._base, ca=self._ca)
        return self._http


def _is_loopback(base: str) -> bool:
    """An emulator on this machine may do without TLS: what goes to it stays here."""
    host = base.removeprefix("http://").partition("/")[0]
    name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return base.startswith("http://") and name in ("127.0.0.1", "localhost", "[::1]")


def _result(answer: Answer | Failure) -> Result:
    if isinstance(answer, Failure):
        return answer
    if answer.status != 200:
        return sort(answer)
    content = parsed(answer.body)
    if content is None:
        return Failure(Malformed, "the answer is no JSON object; is the endpoint Secret Manager's?")
    return content
