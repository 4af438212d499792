"""As whom: Microsoft's azure-identity, asked for a token when one is needed.

Its ``DefaultAzureCredential`` knows what each platform offers: a secret or certificate in the environment, a
federated token (AKS, GitHub), a managed identity (App Service, Functions, Container Apps, virtual machines), a
developer's login. Its members are asked here one after the other in its own order, because the chain as a whole
reports an outage of Entra like a refusal, and an outage must not drop a cached value.
"""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, Denied, SecretError, Unavailable
from .._cloud import claims_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NONE_FOUND = (
    "no Azure identity: none in the environment (AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET or "
    "AZURE_FEDERATED_TOKEN_FILE), no managed identity and no login of a developer"
)
EARLY = 300
"""Seconds before its end at which a token is replaced, as in Microsoft's clients."""

_CODE = re.compile(r"AADSTS\d{3,10}")


class Identity:
    """Tokens, kept until shortly before their end. ``credential``: one of azure-identity's, else its default."""

    def __init__(self, credential: Any = None) -> None:
        self._given = credential
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._members: list[Any] = [] if self._given is None else [self._given]
        self._working: Any = self._given
        self._transport: Any = None
        self._outcomes: dict[str, int | None] = {}
        self._tokens: dict[tuple[str, str | None, str | None], tuple[str, float]] = {}

    def token(self, scope: str, tenant: str | None = None, claims: str | None = None) -> str:
        """A bearer token. Raises ``Denied`` (none, or refused), ``Unavailable`` (whoever gives them does not
        answer), ``ConfigError`` (azure-identity is not installed)."""
        with self._lock:
            key = (scope, tenant, claims)
            kept = self._tokens.get(key)
            if kept is not None and kept[1] - time.time() > EARLY:
                return kept[0]
            with _quiet():
                token, expires = self._fetch(scope, tenant, claims)
            self._tokens[key] = (token, expires)
            return token

    def describe(self, scope: str, tenant: str | None = None) -> str:
        """The identity in a few words. Raises as ``token`` does."""
        claims = claims_of(self.token(scope, tenant))
        by = type(self._working).__name__
        for claim, word in (
            ("upn", "user"),
            ("appid", "application"),
            ("azp", "application"),
            ("oid", "object"),
        ):
            if isinstance(claims.get(claim), str):
                return f"the Azure {word} {claims[claim]} (by {by})"
        return f"an Azure identity that its token does not name (by {by})"

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._forget()

    def _fetch(self, scope: str, tenant: str | None, claims: str | None) -> tuple[str, float]:
        if not self._members:
            self._members, self._transport = _default()
        wanted = {"tenant_id": tenant, "claims": claims}
        extra = {name: value for name, value in wanted.items() if value is not None}
        refusals = []
        for member in [self._working] if self._working is not None else self._members:
            failure, found = None, None
            if self._transport is not None:
                self._transport.outcome = None
                self._transport.asked = False
            try:
                found = member.get_token(scope, **extra)
            except Exception as error:
                failure = self._judge(member, error)
            if found is not None:
                self._working = member
                return found.token, float(found.expires_on)
            if failure is not None:
                raise failure
            refusals.append(type(member).__name__)
        raise Denied(NONE_FOUND)

    def _judge(self, member: Any, error: Exception) -> SecretError | None:
        """What a credential's failure means; ``None``: it is not set up here, so the next may be asked."""
        shown = _CODE.search(str(error))
        by = f"{type(member).__name__}{f', {shown[0]}' if shown else ''}"
        kinds = {kind.__name__ for each in _chain(error) for kind in type(each).__mro__}
        outcome = self._outcome(member)
        absent = "CredentialUnavailableError" in kinds and member is not self._working
        if absent and not _is_promised(type(member).__name__):
            return None
        if isinstance(error, OSError) and error.filename is not None:
            return Denied(f"no Azure identity: {error.filename}: {error.strerror}")
        if kinds & {"ServiceRequestError", "ServiceResponseError"} or outcome in _AGAIN:
            return Unavailable(f"whoever gives out Azure tokens here does not answer ({by})")
        if outcome is None and member is not self._working and "AzureError" in kinds:
            return None  # nobody was asked: a developer's tool without a login
        if outcome == 200:
            return Unavailable(
                f"whoever gives out Azure tokens here answered with something that is none ({by})"
            )
        return Denied(f"Azure gives this identity no token ({by})")

    def _outcome(self, member: Any) -> int | None:
        """The status that ``member`` was answered with; MSAL keeps a bad answer for some seconds without asking."""
        if getattr(self._transport, "asked", True):
            self._outcomes[type(member).__name__] = getattr(self._transport, "outcome", None)
        return self._outcomes.get(type(member).__name__)


_AGAIN = frozenset((408, 410, 429, *range(500, 600)))
"""Answers of a token service that say nothing about the identity; 410: IMDS, while it is updated."""


def _is_promised(member: str) -> bool:
    """Whether the platform says, by its variables, that there is such an identity here."""
    if member != "ManagedIdentityCredential":
        return False
    promises = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST")
    return any(os.environ.get(name) for name in promises)


def _chain(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def _quiet() -> Iterator[None]:
    """azure-identity warns of each member that is not set up here, unless its own chain asks it. Whoever has set a
    level for its loggers keeps it."""
    import logging

    own = logging.getLogger("azure.identity")
    if own.level or logging.getLogger("azure").level:
        yield
        return
    own.setLevel(logging.ERROR)
    try:
        yield
    finally:
        own.setLevel(logging.NOTSET)


def _default() -> tuple[list[Any], Any]:
    """The members of azure-identity's default chain, and the transport that notes how the last answer was."""
    try:
        from azure.core.pipeline.transport import RequestsTransport
        from azure.identity import DefaultAzureCredential
    except ImportError:
        RequestsTransport = None  # noqa: N806
    if RequestsTransport is None:
        raise ConfigError("reading from Azure Key Vault needs azure-identity: pip install 'wellkept[azure]'")

    class Noting(RequestsTransport):  # type: ignore[misc, unused-ignore]
        outcome: int | None = None
        asked = False

        def send(self, request: Any, **options: Any) -> Any:
            self.asked, self.outcome = True, None
            response = super().send(request, **options)
            self.outcome = response.status_code
            return response

    from .._cloud import IDENTITY_TIMEOUT

    transport = Noting(connection_timeout=IDENTITY_TIMEOUT, read_timeout=IDENTITY_TIMEOUT)
    options: dict[str, Any] = {"transport": transport, "retry_total": 0}
    if _is_own_authority(os.environ.get("AZURE_AUTHORITY_HOST", "")):
        options["disable_instance_discovery"] = True  # Microsoft's directory does not know it
    problem = ""
    try:
        return list(DefaultAzureCredential(**options).credentials), transport
    except ValueError as error:
        problem = str(error)
    raise ConfigError(f"Azure's identity is not set up right: {problem}")


def _is_own_authority(host: str) -> bool:
    name = host.removeprefix("https://").partition("/")[0].partition(":")[0].lower()
    known = (
        ".microsoftonline.com",
        ".microsoftonline.us",
        ".chinacloudapi.cn",
        ".windows.net",
        ".microsoft.com",
    )
    return bool(name) and not f".{name}".endswith(known)
