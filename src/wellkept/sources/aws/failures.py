"""What went wrong at AWS, sorted into the kinds of ``errors`` by AWS's own error codes.

Sources: the "Common Errors" page of each service's API reference, its operations' error lists, and the
codes that botocore itself retries. A code that is not in the table is judged by the HTTP status, and never
becomes ``NotFound``: a missing secret may fall back to a default, so only AWS's own word counts as missing.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import Denied, Malformed, NotFound, SecretError, Throttled, Unavailable

if TYPE_CHECKING:
    from ..vault.http1 import Answer

NOT_FOUND = frozenset(("ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"))

ACCESS_DENIED = frozenset(("AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation"))
"""This identity may not do this."""

BAD_CREDENTIALS = frozenset(
    (
        *("ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "RequestExpired"),
        *("MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure"),
        *("OptInRequired", "InvalidAccessKeyId", "InvalidToken", "SubscriptionRequiredException"),
        *("IncompleteSignatureException", "InvalidIdentityToken", "IDPRejectedClaim"),
    )
)
"""This is no identity that AWS knows: any other request would fail alike."""

EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidToken"))
"""Among them, those that fresh temporary credentials may mend."""

KMS = frozenset(
    (
        *("DecryptionFailure", "InvalidKeyId", "KMSAccessDeniedException", "KMSDisabledException"),
        *("KMSInvalidStateException", "KMSNotFoundException", "KMSInvalidKeyUsageException"),
    )
)
"""The key that encrypts the secret may not be used, or no more. Disabling a key is a way of revoking, so ``Denied``."""

THROTTLED = frozenset(
    (
        *("ThrottlingException", "Throttling", "ThrottledException", "RequestThrottled", "SlowDown"),
        *("RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
        *("ProvisionedThroughputExceededException", "BandwidthLimitExceeded", "PriorRequestNotComplete"),
        *("LimitExceededException", "KMSThrottlingException"),
    )
)

UNAVAILABLE = frozenset(
    (
        *("InternalServiceError", "InternalServerError", "InternalFailure", "InternalError"),
        *("ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException"),
        *("IDPCommunicationError",),
    )
)


class Failure(NamedTuple):
    """Why a call has no result, not yet about one secret. ``code`` is AWS's own, or ``""`` for the network's."""

    kind: type[SecretError]
    code: str
    text: str
    retry_after: float | None = None

    def about(self, name: str, url: str) -> SecretError:
        """The error to raise for the secret ``name`` of the source ``url``."""
        message = f"{url}: {name!r}: {self.text}" if name else f"{url}: {self.text}"
        if self.kind is Throttled:
            return Throttled(message, name=name or None, source=url, retry_after=self.retry_after)
        return self.kind(message, name=name or None, source=url)

    @property
    def refused(self) -> bool:
        """Whether this one action is not permitted, while another may be."""
        return self.code in ACCESS_DENIED

    @property
    def hopeless(self) -> bool:
        """Whether asking for each secret by itself would fail alike."""
        return self.code in BAD_CREDENTIALS or self.kind in (Throttled, Unavailable)


def sort(answer: Answer, now: float) -> Failure:
    """The ``Failure`` that an answer other than 200 means. ``now``: our own clock, for a hint when it is wrong."""
    code, message = _code_and_message(answer)
    kind, text = _judge(code, message, answer.status)
    if code in BAD_CREDENTIALS:
        text += _clock_hint(answer, now)
    return Failure(kind, code, text, _retry_after(answer))


def sort_code(code: Any, message: Any) -> Failure:
    """The ``Failure`` that one entry of a batch's ``Errors`` means."""
    code, message = _clean(code, message)
    kind, text = _judge(code, message, 400)
    return Failure(kind, code, text)


def _judge(code: str, message: str, status: int) -> tuple[type[SecretError], str]:
    shown = code or f"status {status}"
    if code in NOT_FOUND:
        return NotFound, "not found"
    if code in ACCESS_DENIED:
        if "KMS" in message:
            return Denied, f"AWS denies the use of the KMS key that encrypts it ({shown}): allow kms:Decrypt"
        return Denied, f"AWS denies this ({shown}){_who_and_what(message)}"
    if code in BAD_CREDENTIALS:
        return Denied, f"AWS does not accept the credentials ({shown})"
    if code in KMS:
        return (
            Denied,
            f"the KMS key that encrypts it may not be used ({shown}): allow kms:Decrypt, or enable it",
        )
    if code in THROTTLED or status == 429:
        return Throttled, f"AWS asks to come back later ({shown})"
    if code in UNAVAILABLE or status >= 500:
        return Unavailable, f"AWS is not available ({shown})"
    if code == "InvalidRequestException" and "delet" in message.lower():
        return NotFound, "it is scheduled for deletion; `aws secretsmanager restore-secret` brings it back"
    if code == "ValidationException" and "name" in message.lower():
        return NotFound, "AWS allows no secret of such a name"
    if code in ("ValidationException", "InvalidRequestException", "InvalidParameterException"):
        return Malformed, f"AWS does not take the request ({shown})"
    if status in (401, 403):
        return Denied, f"denied ({shown})"
    return Malformed, f"no answer of AWS ({shown}); is the endpoint right?"


def _code_and_message(answer: Answer) -> tuple[str, str]:
    body = _object(answer.body)
    code = answer.headers.get("x-amzn-errortype") or body.get("__type") or body.get("code") or ""
    message = body.get("message") or body.get("Message") or ""
    return _clean(code, message)


def _clean(code: Any, message: Any) -> tuple[str, str]:
    if not isinstance(code, str) or not isinstance(message, str):
        return "", ""
    bare = code.split(":")[0].rpartition("#")[2]
    return (bare if bare.isalnum() and len(bare) <= 80 else ""), message


def _object(data: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


_SENTENCE = re.compile(
    r"User: \S{1,400} is not authorized to perform: [\w:]{1,80}( on resource: \S{1,400})?"
    r"( because [a-z ,'-]{1,120})?"
)


def _who_and_what(message: str) -> str:
    """AWS's own sentence about a denial, which names identity, action and resource; nothing else of the message,
    so that an answer which quotes more than it should is not passed on."""
    found = _SENTENCE.search(" ".join(message.split()))
    return f": {found[0]}" if found else ""


def _retry_after(answer: Answer) -> float | None:
    value = answer.headers.get("retry-after") or ""
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


def _clock_hint(answer: Answer, now: float) -> str:
    """AWS refuses signatures more than five minutes old or young."""
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(answer.headers.get("date") or "")
    if parsed is None:
        return ""
    off = now - mktime_tz(parsed)
    return (
        f"; this machine's clock is {abs(off):.0f} s {'fast' if off > 0 else 'slow'}"
        if abs(off) > 240
        else ""
    )
