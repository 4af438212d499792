"""As whom: Google's google-auth and its Application Default Credentials, asked for a token when one is needed.

They know what each platform offers: a file named by ``GOOGLE_APPLICATION_CREDENTIALS`` (a service account, an
external account: workload identity federation), a developer's ``gcloud auth application-default login``, the
metadata server of Compute Engine, GKE, Cloud Run and Cloud Functions.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, Denied, SecretError, Unavailable
from .._cloud import IDENTITY_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The one scope that Secret Manager takes; what may be read is IAM's to say."""

NONE_FOUND = (
    "no Google identity: GOOGLE_APPLICATION_CREDENTIALS names no file, no metadata server answers, and nobody has "
    "logged in with `gcloud auth application-default login`"
)
TRIES = 2
"""How often in a row a token service may fail to answer before that is said."""

_AGAIN = frozenset((408, 429, *range(500, 600)))
"""Answers of a token service that say nothing about the identity."""


class NoAnswer(Exception):
    """Whoever gives out tokens did not answer, and not again. Ends google-auth's own waiting."""


class Identity:
    """Headers that authorise a request. ``credentials``: google-auth's, else the application's default ones."""

    def __init__(self, credentials: Any = None) -> None:
        self._given = credentials
        self._lock = threading.Lock()
        self._credentials: Any = credentials
        self._project: str | None = None
        self._request: Any = None

    def headers(self) -> dict[str, str]:
        """``authorization`` and, where the credentials say so, the project that is billed. Raises ``Denied``
        (none, or refused), ``Unavailable`` (whoever gives them does not answer), ``ConfigError``."""
        with self._lock:
            self._load()
            if not self._credentials.valid:
                self._ask(lambda: self._credentials.refresh(self._transport()))
            headers: dict[str, str] = {}
            self._credentials.apply(headers)
            return headers

    def renew(self) -> bool:
        """Google does not take the token: get another at the next use. False where there is nothing to get anew."""
        with self._lock:
            had = self._credentials is not None and getattr(self._credentials, "token", None) is not None
            if had and self._given is None:
                self._credentials = None
            return had and self._given is None

    def project(self) -> str | None:
        """The project that the environment or the credentials name."""
        named = os.environ.get("GOOGLE_CLOUD_PROJECT") or os.environ.get("GCLOUD_PROJECT")
        if named:
            return named
        with self._lock:
            self._load()
            return self._project

    def describe(self) -> str:
        """The identity in a few words. Raises as ``headers`` does."""
        self.headers()
        credentials = self._credentials
        for attribute in ("service_account_email", "account", "signer_email"):
            found = getattr(credentials, attribute, None)
            if isinstance(found, str) and found and found != "default":
                return f"the Google account {found}"
        audience = getattr(credentials, "_audience", None)
        if isinstance(audience, str) and audience:
            return f"an external identity federated by {audience}"
        return f"a Google identity that its credentials do not name (by {type(credentials).__name__})"

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._credentials = self._given
        self._request = None

    def _load(self) -> None:
        """Find the credentials, once. Needs the lock."""
        if self._credentials is not None:
            return
        auth = _google_auth()
        # Without scopes: with them, google-auth would ask Resource Manager for an external account's project.
        credentials, self._project = self._ask(lambda: auth.default(request=self._transport()))
        self._credentials = auth.credentials.with_scopes_if_required(credentials, [SCOPE])

    def _transport(self) -> Any:
        if self._request is None:
            self._request = _make_transport()
        self._request.outcome, self._request.failures = None, 0
        return self._request

    def _ask(self, question: Any) -> Any:
        failure = None
        try:
            return question()
        except Exception as error:
            failure = sort(
                error, getattr(self._request, "outcome", None), known=self._credentials is not None
            )
        raise failure


def sort(error: Exception, outcome: int | None, *, known: bool) -> SecretError | ConfigError:
    """What google-auth's failure means, by its class and by the last answer's status; ``known``: whether it had
    found credentials before. Its text may quote what a
    token service answered, so only file names are taken from it."""
    kinds = {kind.__name__ for each in _chain(error) for kind in type(each).__mro__}
    shown = type(error).__name__
    file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if isinstance(error, NoAnswer) and not known and not _is_promised():
        return Denied(NONE_FOUND)
    unreadable = not known and bool(kinds & {"AttributeError", "KeyError", "TypeError", "ValueError"})
    if (unreadable and file) or ("DefaultCredentialsError" in kinds and "RefreshError" not in kinds):
        if file:
            return ConfigError(
                f"the file that GOOGLE_APPLICATION_CREDENTIALS names ({file}) cannot be used ({shown}); "
                "it must hold the JSON of a service account or of an external account"
            )
        return Denied(NONE_FOUND)
    if isinstance(error, OSError) and error.filename is not None:
        return Denied(f"no Google identity: {error.filename}: {error.strerror}")
    if outcome is None and kinds & {"TransportError", "NoAnswer"}:
        return Unavailable(f"whoever gives out Google tokens here does not answer ({shown})")
    if outcome in _AGAIN or isinstance(error, NoAnswer) or getattr(error, "retryable", False) is True:
        return Unavailable(
            f"whoever gives out Google tokens here cannot do so now (status {outcome or 'unknown'})"
        )
    if outcome == 200:
        return Unavailable("whoever gives out Google tokens here answered with something that is none")
    why = f"status {outcome}" if outcome is not None else shown
    return Denied(f"Google gives this identity no token ({why})")


def _is_promised() -> bool:
    """Whether the environment says that there is a metadata server."""
    return any(os.environ.get(name) for name in ("GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"))


def _chain(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _google_auth() -> Any:
    from importlib import import_module

    found = None
    try:
        import_module("google.auth.transport.requests")
        found = import_module("google.auth")
    except ImportError:
        pass  # said below, outside, so that the error stands alone
    if found is None:
        raise ConfigError("reading from Google Secret Manager needs google-auth: pip install 'wellkept[gcp]'")
    return found


def _make_transport() -> Any:
    """google-auth's own transport, bounded: in seconds, not its 120, and in tries, which it would sleep between
    for half a minute; the loader tries again. It notes how the last answer was."""
    _google_auth()
    from google.auth.transport.requests import Request

    class Bounded(Request):  # type: ignore[misc, no-any-unimported, unused-ignore]
        outcome: int | None = None
        failures = 0

        def __call__(self, *args: Any, **options: Any) -> Any:
            if self.failures >= TRIES:
                raise NoAnswer
            self.outcome = None
            self.failures += 1
            options["timeout"] = min(options.get("timeout") or IDENTITY_TIMEOUT, IDENTITY_TIMEOUT)
            response = super().__call__(*args, **options)  # type: ignore[no-untyped-call, unused-ignore]
            self.outcome = response.status
            if self.outcome not in _AGAIN:
                self.failures = 0
            return response

    return Bounded()
