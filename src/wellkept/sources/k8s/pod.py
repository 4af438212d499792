"""What a pod is given to speak to its API server: an address, an authority, a token, a namespace.

Source: "Accessing the Kubernetes API from a Pod": the variables ``KUBERNETES_SERVICE_HOST`` and
``KUBERNETES_SERVICE_PORT``, and the files below ``ACCOUNT``. The token is bound to the pod and rotated by the kubelet
in its file, so the file is read for each request; that takes some 10 microseconds.
"""

from __future__ import annotations

import os

from ...errors import ConfigError, Denied, SecretError, Unavailable
from .._cloud import claims_of
from ..files import read_file
from .names import is_namespace

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where the files ``token``, ``ca.crt`` and ``namespace`` are mounted."""

_LIMIT = 64 * 1024
_LOOPBACK = ("http://127.0.0.1", "http://[::1]", "http://localhost")


class Pod:
    """``account`` is the directory of the mounted files; the others replace one of them each.

    An ``http`` endpoint is taken on loopback only (``kubectl proxy``, which identifies by itself) and gets no token
    unless ``token_file`` names one.
    """

    def __init__(self, account: str, *, endpoint: str | None, ca: str | None, token_file: str | None) -> None:
        self._account = account
        self.endpoint = endpoint or _from_environment()
        plain = not self.endpoint.startswith("https://")
        if plain and not _is_loopback(self.endpoint):
            raise ConfigError(
                "k8s: the option 'endpoint' is https://HOST[:PORT], or http:// on loopback only"
            )
        mounted = os.path.join(account, "ca.crt")
        self.ca = ca or (mounted if not plain and os.path.exists(mounted) else None)
        self._token_file = token_file or (None if plain else os.path.join(account, "token"))

    def namespace(self, given: str) -> str:
        """``given``, or else the pod's own. Raises ``ConfigError``."""
        path = os.path.join(self._account, "namespace")
        found, problem = given, ""
        if not given:
            try:
                content = read_file(path, name=None, source="k8s:", limit=_LIMIT)
                found = content.decode("utf-8", "replace").strip()
            except SecretError as error:
                problem = f"the pod's own is not known: {error}"
        if not problem and not is_namespace(found):
            problem = f"{found[:80]!r} can be none: it takes a-z, 0-9 and '-', 63 characters at most"
        if problem:
            raise ConfigError(f"k8s: names a namespace, as in k8s://billing; {problem}")
        return found

    def token(self) -> str:
        """The service account's token as it is now; empty where none is to be sent.

        Raises ``Denied`` without a token: without identity nothing may be read, and that is no word about the secret.
        """
        if self._token_file is None:
            return ""
        kind: type[SecretError] = Denied
        try:
            text = read_file(self._token_file, name=None, source="k8s:", limit=_LIMIT).decode(
                "ascii", "replace"
            )
        except SecretError as error:
            problem = f"{error}; is automountServiceAccountToken off for this pod?"
            kind = Unavailable if isinstance(error, Unavailable) else Denied
        else:
            if text.strip() and text.strip().isprintable() and " " not in text.strip() and text.isascii():
                return text.strip()
            problem = f"{self._token_file} holds no token"
        raise kind(f"no token of a service account to read with: {problem}")

    def whoami(self) -> str:
        """The account's name as the token says it (``system:serviceaccount:NAMESPACE:NAME``), unverified."""
        if self._token_file is None:
            return "whoever the proxy on loopback identifies as"
        try:
            subject = claims_of(self.token()).get("sub")
        except SecretError as error:
            return f"unknown: {error}"
        if isinstance(subject, str) and subject.isprintable() and len(subject) <= 400:
            return f"the service account {subject}"
        return "a service account whose token does not say its name"


def _from_environment() -> str:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host:
        raise ConfigError(
            "k8s: this is no pod (KUBERNETES_SERVICE_HOST is not set); outside of the cluster run `kubectl proxy` and "
            "give the option endpoint=http://127.0.0.1:8001"
        )
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}:{port or '443'}"


def _is_loopback(endpoint: str) -> bool:
    return any(endpoint == start or endpoint.startswith((f"{start}:", f"{start}/")) for start in _LOOPBACK)
