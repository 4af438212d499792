"""As whom: the environment's credentials by themselves, everything else through botocore.

The order is botocore's own: keys in the environment win unless a profile was asked for; then shared profiles,
assumed roles, web identity, single sign-on, processes, the container's and the instance's metadata. botocore
also refreshes temporary credentials before they expire. It is imported only when the environment has no keys,
because that alone takes as long as reading thirty secrets.
"""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, Denied, Malformed, SecretError, Unavailable
from .failures import BAD_CREDENTIALS, THROTTLED
from .sigv4 import Credentials

if TYPE_CHECKING:
    from .sdk import Sdk

NONE_FOUND = (
    "no AWS credentials: none in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), in a profile, by web "
    "identity, or from container or instance metadata"
)


class Identity:
    """The credentials to sign with, fresh at each ``get``. Safe to use from several threads."""

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk
        self._lock = threading.Lock()
        self._found: Any = None  # botocore's credentials object: it refreshes itself

    def get(self) -> Credentials:
        """The credentials of now. Raises ``Denied`` (none, or refused), ``Unavailable`` (whoever gives them does
        not answer), ``ConfigError`` (half a pair, no such profile)."""
        if self._sdk.profile is None:
            credentials = from_environment()
            if credentials is not None:
                return credentials
        frozen, failure = self._ask()
        if failure is not None:
            raise failure
        if frozen is None:
            raise Denied(NONE_FOUND)
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    def renew(self) -> bool:
        """AWS said that the credentials have expired: forget them. False where there is nothing to get anew."""
        with self._lock:
            had, self._found = self._found, None
        if had is not None:
            self._sdk.forget()
        return had is not None

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._found = None

    def _ask(self) -> tuple[Any, SecretError | ConfigError | None]:
        session = self._sdk.session()
        try:
            with self._lock:
                if self._found is None:
                    self._found = session.get_credentials()
                found = self._found
            return (found.get_frozen_credentials() if found is not None else None), None
        except Exception as error:
            return None, sort(error)


def from_environment() -> Credentials | None:
    """The pair in the environment, when it is whole. The names are botocore's ``EnvProvider``'s."""
    get = os.environ.get
    access_key, secret_key = get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        return None
    return Credentials(access_key, secret_key, get("AWS_SESSION_TOKEN") or get("AWS_SECURITY_TOKEN") or None)


_MISCONFIGURED = frozenset(
    (
        *("ProfileNotFound", "PartialCredentialsError", "InvalidConfigError", "ConfigParseError"),
        *("ConfigNotFound", "UnknownCredentialError", "InvalidIMDSEndpointError", "NoRegionError"),
        *("InvalidIMDSEndpointModeError", "MissingDependencyException", "BaseEndpointResolverError"),
        *("RefreshWithMFAUnsupportedError", "ValidationError", "EndpointProviderError"),
    )
)
_LOG_IN_AGAIN = frozenset(("SSOError", "LoginError", "TokenRetrievalError", "NoAuthTokenError"))
_UNREACHABLE = frozenset(("HTTPClientError", "ConnectionError"))
_GIVER_FAILED = frozenset(("CredentialRetrievalError", "MetadataRetrievalError"))


def sort(error: Exception) -> SecretError | ConfigError:
    """What botocore's failure to find credentials means, by class; its text is quoted only where it holds no more
    than names of profiles and options, because others quote what the metadata service answered."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    shown = type(error).__name__
    if kinds & _MISCONFIGURED:
        return ConfigError(f"AWS configuration: {error}")
    if kinds & _LOG_IN_AGAIN:
        return Denied(
            f"the AWS login has expired or is missing ({shown}); log in again, as with `aws sso login`"
        )
    if "ClientError" in kinds:
        return _from_sts(error)
    if kinds & _GIVER_FAILED:
        refused = re.search(r"non 200 response (4\d\d)", str(error))
        if refused:
            return Denied(f"whoever gives out AWS credentials here refused with status {refused[1]}")
        return Unavailable(f"whoever gives out AWS credentials here does not answer ({shown})")
    if isinstance(error, OSError) and error.filename is not None:
        return Denied(f"no AWS credentials: {error.filename}: {error.strerror}")
    if kinds & _UNREACHABLE or isinstance(error, OSError):
        return Unavailable(f"AWS credentials could not be fetched ({shown})")
    if isinstance(error, KeyError):
        return Malformed("whoever gives out AWS credentials here answered without keys or expiry")
    return Denied(f"no AWS credentials ({shown})")


def _from_sts(error: Exception) -> SecretError:
    response = getattr(error, "response", {})
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    shown = code if code.isalnum() else "an unknown error"
    if code in THROTTLED:
        return Unavailable(f"AWS credentials could not be fetched ({shown})")
    if code == "IDPCommunicationError" or (status >= 500 and code not in BAD_CREDENTIALS):
        return Unavailable(f"AWS credentials could not be fetched ({shown})")
    return Denied(f"AWS does not give this identity credentials ({shown})")
