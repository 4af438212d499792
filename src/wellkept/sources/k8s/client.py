"""``GET`` requests to the API server as the pod's service account: identify, send, sort. No retries: the loader's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ...errors import Denied, Malformed, NotFound, SecretError, Throttled, Unavailable
from .._cloud import Failure, failure_of, parsed, part, retry_after
from .._http import HttpClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..vault.http1 import Answer
    from .pod import Pod

    Result = dict[str, Any] | Failure


class ApiClient:
    """Speaks to the API server of ``pod``. Thread-safe; nothing is opened before the first request."""

    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self._http = HttpClient(pod.endpoint, ca=pod.ca)

    def close(self) -> None:
        self._http.close()

    def after_fork(self) -> None:
        self._http.after_fork()

    def get(self, paths: Sequence[str], deadline: float) -> list[Result]:
        """Each of ``paths``, in order. A 401 is asked once more with the token read anew: it may just have rotated."""
        if not paths:
            return []
        answers = self._send(paths, deadline)
        again = [n for n, answer in enumerate(answers) if not _is_failure(answer) and answer.status == 401]
        if again:
            repeated = self._send([paths[number] for number in again], deadline)
            for number, answer in zip(again, repeated, strict=True):
                answers[number] = answer
        return [_result(answer, self._pod) for answer in answers]

    def _send(self, paths: Sequence[str], deadline: float) -> list[Any]:
        headers = {"Accept": "application/json", "User-Agent": f"wellkept/{__version__}"}
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            return [Failure(Unavailable, "the time for this read was up before it was asked")] * len(paths)
        try:
            token = self._pod.token()
            if token:
                headers["Authorization"] = f"Bearer {token}"
            requests = [self._http.encoded("GET", path, headers) for path in paths]
            answers = self._http.request_many(requests, timeout=seconds)
        except SecretError as error:
            return [failure_of(error)] * len(paths)
        return [failure_of(each) if isinstance(each, SecretError) else each for each in answers]


def _is_failure(answer: Any) -> bool:
    return isinstance(answer, Failure)


def _result(answer: Answer | Failure, pod: Pod) -> Result:
    """The object in an answer, or why there is none.

    Source: "Kubernetes API Concepts" and the API conventions' ``Status``. Only the API server's own word that a Secret
    is not there counts as missing; any other 404 comes from a wrong address.
    """
    if isinstance(answer, Failure):
        return answer
    content = parsed(answer.body)
    status = answer.status
    if status == 200:
        return content or Failure(
            Malformed, "the answer is no JSON object; is the endpoint the API server's?"
        )
    if status == 401:
        return Failure(Denied, f"the API server does not accept the token of {pod.whoami()}")
    if status == 403:
        return Failure(
            Denied,
            f"the API server denies this to {pod.whoami()}; reading needs the verb get on this Secret "
            "(resourceNames), listing the verb list",
        )
    if status == 404 and content and _is_absence(content):
        return Failure(NotFound, "there is no such Secret in this namespace")
    if status == 429:
        return Failure(Throttled, "the API server asks to come back later", retry_after(answer))
    if status >= 500 or status in (408, 410):  # 410: a listing's continue token has expired
        return Failure(Unavailable, f"the API server is not available (status {status})")
    return Failure(Malformed, f"no answer of the Kubernetes API (status {status}); is the endpoint right?")


def _is_absence(status: dict[str, Any]) -> bool:
    return status.get("reason") == "NotFound" and part(status, "details").get("kind") == "secrets"
