"""AWS access keys: ``GetCallerIdentity``, which needs no permission, signed with the key in question."""

from __future__ import annotations

import re

from ...sources.aws.sigv4 import Credentials, signed
from .provider import Ask

NAME = "aws"
BASE = "https://sts.us-east-1.amazonaws.com"
DOCS = "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"

_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}(?![A-Z0-9])")
_KEY = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
_ARN = re.compile(r"<Arn>([^<]{1,200})</Arn>")
_DEAD = re.compile(r"<Code>(?:InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken)</Code>")


def ask(secret: str, beside: str, base: str | None, now: float) -> Ask | None:
    """The signed request; ``None`` unless both halves are there, one of them ``secret``. ``now``: since the epoch."""
    identifier = _ID.fullmatch(secret) or _ID.search(beside)
    key = None if _ID.fullmatch(secret) else _KEY.fullmatch(secret)
    if key is None:
        key = _KEY.search(beside)
    if identifier is None or key is None:
        return None
    target = base or BASE
    headers = signed(
        {"content-type": "application/x-www-form-urlencoded"},
        _BODY,
        host=target.split("://", 1)[1].rstrip("/"),
        path="/",
        service="sts",
        region="us-east-1",
        credentials=Credentials(identifier[0], key[0]),
        now=now,
    )
    return Ask("POST", target, "/", headers, _BODY)


def read(status: int, body: bytes) -> tuple[str, str]:
    """``live`` with the identity's name, ``dead``, or ``unknown``."""
    text = body.decode("utf-8", "replace")
    arn = _ARN.search(text)
    if status == 200 and arn:
        return "live", arn[1]
    return ("dead", "") if status == 403 and _DEAD.search(text) else ("unknown", "")


def shown(base: str | None) -> str:
    """What would be sent, masked."""
    return (
        f"POST {base or BASE}/\nContent-Type: application/x-www-form-urlencoded\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=*****, Signature=(made with the secret key, which is not sent)\n\n"
        f"{_BODY.decode()}\n\ndocumented at {DOCS}"
    )
