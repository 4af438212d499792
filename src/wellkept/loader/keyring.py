"""``KeyRing``: sign and verify with a key that rotates, so that no rotation invalidates what was just signed.

The current key signs. The one before it still verifies, for a grace period that begins at the rotation: when
the current version was made, where the source knows that; else when this process first saw it. Each signature
names its key by a key id, which is derived from the key (and gives nothing of it away), so that all processes
agree on it whatever the source. A key id that this process does not know may be one that it has not heard of
yet: then the secret is refreshed once, at most every few seconds.

HMAC-SHA-256 is plain, so that others can verify it; JWTs are PyJWT's (extra ``jwt``), with ``kid`` in their
header and one algorithm that the token cannot choose. Verification returns what was verified, or raises.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from ..clock import SYSTEM
from ..errors import BadSignature, ConfigError, Malformed, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..clock import Clock
    from ..secret import Secret
    from .secrets import Secrets

Data = TypeVar("Data", str, bytes)

REFRESH_PAUSE = 5.0
"""Seconds between refreshes on account of unknown key ids, so that forged ones do not become load."""

SHORT = 32
"""Bytes: RFC 7518, section 3.2, and RFC 2104 ask for a key at least as long as the hash's output."""

_ALGORITHMS = ("HS256", "HS384", "HS512")


class Key:
    """A key and its id."""

    __slots__ = ("_bytes", "id", "secret")

    def __init__(self, secret: Secret) -> None:
        self.secret = secret
        self._bytes = secret.reveal_bytes()
        if not self._bytes:
            raise Malformed(
                f"the signing key {secret.name!r} is empty", name=secret.name, source=secret.source
            )
        if len(self._bytes) < SHORT:
            from warnings import warn

            warn(
                f"the signing key {secret.name!r} is shorter than {SHORT} bytes and may be guessed",
                stacklevel=6,
            )
        self.id = self.mac(b"wellkept key id 1")[:8].hex()

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA-256 of ``data``."""
        mac: bytes = self._hmac(data).finalize()
        return mac

    def matches(self, data: bytes, mac: bytes) -> bool:
        """Whether ``mac`` is that of ``data``, in constant time. For use in this module: callers get exceptions."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._hmac(data).verify(mac)
        except InvalidSignature:
            return False
        return True

    def _hmac(self, data: bytes) -> Any:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.hmac import HMAC

        mac = HMAC(self._bytes, SHA256())
        mac.update(data)
        return mac

    def __repr__(self) -> str:
        return f"<Key {self.id} of {self.secret!r}>"


class KeyRing:
    """The keys of the secret ``name``: its current version, and for ``grace`` seconds the one before.

    ``grace`` of zero accepts the current key only. ``algorithm`` is the JWTs': HS256, HS384 or HS512. Safe to
    share between threads. Everything here raises what ``Secrets.get`` raises when the key cannot be read.
    """

    def __init__(
        self,
        secrets: Secrets,
        name: str,
        *,
        grace: float = 3600.0,
        algorithm: str = "HS256",
        clock: Clock = SYSTEM,
    ) -> None:
        if grace < 0:
            raise ConfigError(f"grace is a number of seconds, zero or more; not {grace!r}")
        if algorithm not in _ALGORITHMS:
            raise ConfigError(f"algorithm is one of {', '.join(_ALGORITHMS)}; not {algorithm!r}")
        self._secrets = secrets
        self._name = name
        self._grace = grace
        self._algorithm = algorithm
        self._clock = clock
        self._lock = Lock()
        self._current: Key | None = None
        self._older: tuple[Secret, Key] | None = None
        self._rotated = 0.0
        self._refreshed = float("-inf")

    def sign(self, data: str | bytes) -> str:
        """A signature of ``data`` (text as UTF-8): the key id, a dot, and the MAC in unpadded base64url."""
        from base64 import urlsafe_b64encode

        key = self._current_key()
        return f"{key.id}.{urlsafe_b64encode(key.mac(_bytes(data))).rstrip(b'=').decode()}"

    def verify(self, data: Data, signature: str) -> Data:
        """``data``, when ``signature`` is one of it by an accepted key; raises ``BadSignature`` otherwise."""
        key_id, mac = _taken_apart(signature)
        if not self._key(key_id).matches(_bytes(data), mac):
            raise BadSignature(f"the signature does not fit the data (key {key_id} of {self._name!r})")
        return data

    def sign_jwt(self, claims: Mapping[str, Any], *, headers: Mapping[str, Any] | None = None) -> str:
        """A JWT of ``claims``, with the key id in its header. Give it an ``exp``."""
        key = self._current_key()
        jwt = _pyjwt()
        return str(
            jwt.encode(
                dict(claims),
                key.secret.reveal_bytes(),
                algorithm=self._algorithm,
                headers={**(headers or {}), "kid": key.id},
            )
        )

    def verify_jwt(
        self,
        token: str,
        *,
        audience: str | Iterable[str] | None = None,
        issuer: str | Sequence[str] | None = None,
        leeway: float = 0.0,
        require: Sequence[str] = ("exp",),
    ) -> dict[str, Any]:
        """The claims of ``token``, when an accepted key signed it and its times, audience and issuer fit.

        ``require`` names claims that must be there; ``leeway`` is in seconds. Raises ``BadSignature``. The
        times are checked against this ring's clock.
        """
        jwt = _pyjwt()
        failure = ""
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid", ""))
        except jwt.PyJWTError as error:
            failure = type(error).__name__
        if failure:
            raise BadSignature(f"this is no JWT that can be read ({failure})")
        key = self._key(key_id)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.secret.reveal_bytes(),
                algorithms=[self._algorithm],
                audience=audience,
                issuer=issuer,
                options={
                    "require": list(require),
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            failure = f"{type(error).__name__}: {error}"
        else:
            failure = self._out_of_time(claims, leeway)
        if failure:
            raise BadSignature(f"the token does not verify (key {key_id} of {self._name!r}): {failure}")
        return claims

    def _out_of_time(self, claims: Mapping[str, Any], leeway: float) -> str:
        """Why the token's times refuse it now; empty when they do not. RFC 7519, section 4.1."""
        now = self._clock.time()
        moments: dict[str, float] = {}
        for claim in ("exp", "nbf", "iat"):
            if claim in claims:
                moment = claims[claim]
                if isinstance(moment, bool) or not isinstance(moment, (int, float)):
                    return f"the claim {claim} is no number"
                moments[claim] = moment
        if moments.get("exp", float("inf")) <= now - leeway:
            return "it has expired"
        if max(moments.get("nbf", 0), moments.get("iat", 0)) > now + leeway:
            return "it is not valid yet"
        return ""

    def _current_key(self) -> Key:
        """The current key; notes a rotation when it is another than before."""
        secret = self._secrets.get(self._name)
        known = self._current
        if known is not None and known.secret is secret:
            return known
        fresh = Key(secret)
        with self._lock:
            known = self._current
            if known is None or known.id != fresh.id:
                self._rotated = self._clock.time() if secret.created is None else secret.created
            self._current = fresh
        return fresh

    def _key(self, key_id: str) -> Key:
        """The accepted key with that id. Raises ``BadSignature`` when there is none."""
        key = self._accepted(key_id)
        if key is None and self._may_refresh():
            self._secrets.refresh(self._name)
            key = self._accepted(key_id)
        if key is None:
            raise BadSignature(
                f"key {key_id!r} is neither the current key of {self._name!r} nor, within {self._grace:g} s of the "
                "rotation, the previous one"
            )
        return key

    def _accepted(self, key_id: str) -> Key | None:
        current = self._current_key()
        if current.id == key_id:
            return current
        if not self._grace or self._clock.time() >= self._rotated + self._grace:
            return None
        older = self._previous_key()
        return older if older is not None and older.id == key_id else None

    def _previous_key(self) -> Key | None:
        try:
            secret = self._secrets.previous(self._name)
        except NotFound:
            return None
        known = self._older
        if known is None or known[0] is not secret:
            known = self._older = (secret, Key(secret))
        return known[1]

    def _may_refresh(self) -> bool:
        with self._lock:
            now = self._clock.monotonic()
            if now - self._refreshed < REFRESH_PAUSE:
                return False
            self._refreshed = now
            return True

    def __repr__(self) -> str:
        return f"<KeyRing {self._name!r}>"


def _bytes(data: str | bytes) -> bytes:
    return data.encode("utf-8") if isinstance(data, str) else data


def _taken_apart(signature: str) -> tuple[str, bytes]:
    from base64 import urlsafe_b64decode, urlsafe_b64encode

    key_id, dot, text = signature.partition(".") if isinstance(signature, str) else ("", "", "")
    try:
        mac = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        mac = b""
    # One signature has one spelling: base64 decoders pass over characters that do not belong.
    if not dot or len(mac) != 32 or urlsafe_b64encode(mac).rstrip(b"=").decode() != text:
        raise BadSignature("this is no signature: expected a key id, a dot, and 32 bytes in base64url")
    return key_id, mac


def _pyjwt() -> Any:
    try:
        import jwt
    except ImportError:
        pass
    else:
        return jwt
    raise ConfigError("JWTs need PyJWT: pip install 'wellkept[jwt]'")
