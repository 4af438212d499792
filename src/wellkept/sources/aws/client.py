"""One call to AWS's JSON protocol: locate, identify, sign, send, sort. No retries: the loader's business."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ...clock import SYSTEM
from ...errors import ConfigError, Malformed, SecretError, Unavailable
from .._http import HttpClient
from .endpoint import locate
from .failures import EXPIRED, Failure, sort
from .identity import Identity
from .sdk import Sdk
from .sigv4 import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...clock import Clock
    from ..vault.http1 import Answer
    from .endpoint import Where

    Payload = dict[str, Any]
    Result = dict[str, Any] | Failure

USER_AGENT = {"user-agent": f"wellkept/{__version__}"}

DEADLINE_PASSED = Failure(Unavailable, "", "the time for this read was up before AWS was asked")


class AwsClient:
    """Calls of one service in one region. Safe to use from several threads; opens nothing before the first call.

    ``service`` is the name that is signed (``secretsmanager``), ``target`` the one that operations are called
    by in the ``X-Amz-Target`` header (``secretsmanager``, ``AmazonSSM``).
    """

    def __init__(
        self,
        service: str,
        target: str,
        *,
        region: str | None,
        endpoint: str | None = None,
        ca: str | None = None,
        profile: str | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self._service = service
        self._target = target
        self._endpoint = endpoint
        self._ca = ca
        self._clock = clock
        self._sdk = Sdk(profile=profile, region=region)
        self._identity = Identity(self._sdk)
        self._lock = threading.Lock()
        self._ready: tuple[Where, HttpClient] | None = None

    def call(self, operation: str, payload: Payload, deadline: float) -> Result:
        """What AWS answered, or why it did not. ``deadline`` on the clock's ``monotonic``. Raises ``ConfigError``."""
        return self.call_many(operation, [payload], deadline)[0]

    def call_many(self, operation: str, payloads: Sequence[Payload], deadline: float) -> list[Result]:
        """The same for each of ``payloads``, in order, several on their way at a time."""
        bodies = [json.dumps(payload).encode() for payload in payloads]
        results = self._send(operation, bodies, deadline)
        again = [number for number, result in enumerate(results) if _expired(result)]
        if again and self._identity.renew():
            fresh = self._send(operation, [bodies[number] for number in again], deadline)
            for number, result in zip(again, fresh, strict=True):
                results[number] = result
        return results

    def _send(self, operation: str, bodies: Sequence[bytes], deadline: float) -> list[Result]:
        try:
            where, http = self._connection()
            credentials = self._identity.get()
        except SecretError as error:
            failure = Failure(type(error), "", str(error))
            return [failure] * len(bodies)
        left = deadline - self._clock.monotonic()
        if left <= 0:
            return [DEADLINE_PASSED] * len(bodies)
        common = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"{self._target}.{operation}",
        }
        now = self._clock.time()
        requests = []
        for body in bodies:
            headers = signed(
                common,
                body,
                host=http.authority,
                path=http.path + "/",
                service=self._service,
                region=where.region,
                credentials=credentials,
                now=now,
            )
            requests.append(http.encoded("POST", "/", headers | USER_AGENT, body))
        return [_result(answer, now) for answer in http.request_many(requests, timeout=left)]

    def close(self) -> None:
        """Close the idle connections."""
        if self._ready is not None:
            self._ready[1].close()

    def whoami(self) -> str:
        """The access key's identifier, which is no secret; asks AWS nothing."""
        try:
            return f"the AWS access key {self._identity.get().access_key}"
        except (SecretError, ConfigError) as error:
            return f"nobody: {error}"

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._sdk.after_fork()
        self._identity.after_fork()
        if self._ready is not None:
            self._ready[1].after_fork()

    def _connection(self) -> tuple[Where, HttpClient]:
        if self._ready is None:
            with self._lock:
                if self._ready is None:
                    where = locate(self._service, self._sdk, endpoint=self._endpoint, ca=self._ca)
                    self._sdk.region = where.region
                    self._ready = where, HttpClient(where.endpoint, ca=where.ca)
        return self._ready


def _result(answer: Answer | SecretError, now: float) -> Result:
    if isinstance(answer, SecretError):
        return Failure(type(answer), "", str(answer))
    if answer.status != 200:
        return sort(answer, now)
    try:
        parsed = json.loads(answer.body)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        return parsed
    return Failure(Malformed, "", "the answer is no JSON object; is the endpoint AWS's?")


def _expired(result: Result) -> bool:
    return isinstance(result, Failure) and result.code in EXPIRED


def objects(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The JSON objects in the list that stands under ``key``; whatever else stands there is no answer."""
    items = answer.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def moment(value: Any) -> float | None:
    """A time of AWS's, in seconds since the epoch; ``None`` for what can be none."""
    return float(value) if isinstance(value, (int, float)) and 0 < value < 1e11 else None
