"""``Request``, ``Response`` and who is asking: what passes through the one door, ``Core.handle``.

No transport in here: the command line, the embedded library and any HTTP face build the same ``Request``.
Paths are Vault's (``secret/data/prod/billing/database``), operations are Vault's; so the server's faces
need no second vocabulary. These classes are slotted by hand or named tuples, not dataclasses, because the
``dataclasses`` module alone costs as much to import as the whole interpreter.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .grant import AuthGrant, LeaseGrant, WrapInfo
    from .mount import Mount
    from .tokens.token import Token

Operation = Literal["create", "read", "update", "patch", "delete", "list"]
"""What is asked. ``create`` and ``update`` are both a write: a face sends ``update``; the core asks the engine
whether the target exists, and authorises ``create`` when it does not (Vault's existence check)."""

MUTATIONS = frozenset({"create", "update", "patch", "delete"})


class Client(NamedTuple):
    """Where a request comes from, for the audit record. None of it is trusted for authorisation.

    ``user``: operating-system user; ``pid`` and ``process``: number and command name (never its arguments);
    ``host``: host name; ``address``: remote address where there is one.
    """

    user: str
    pid: int
    process: str
    host: str
    address: str = ""


class Identity(NamedTuple):
    """Who asks, once authenticated: a display ``name`` and the names of the ``policies`` that bind it."""

    name: str
    policies: tuple[str, ...]


NOBODY = Identity("", ())
"""Who asks before it is known who asks, and on the paths that want no token."""


class Raw(bytes):
    """A value of ``Response.data`` that is JSON text already, and passes into the answer as it is."""

    __slots__ = ()


class Request:
    """One request.

    ``operation`` and ``path`` (no leading slash, mount included), ``data`` (parameters or body; never
    logged), ``client``, and ``id`` (unique; made when not given). Who asks is either an ``identity`` that
    the face vouches for (the embedded store), or a client's ``token``, which the core authenticates; then it
    sets ``identity`` and ``caller``, the token's record (``None`` on a path that wants no token). ``mount`` is
    set when the request was routed.

    ``wrap_ttl``: seconds for which the answer is to be wrapped, ``None`` for not. ``headers``: those of the
    transport, names in lower case. ``peer_certificate``: the client's, in DER, verified by the transport.
    """

    __slots__ = (
        "caller",
        "client",
        "counted",
        "data",
        "headers",
        "id",
        "identity",
        "mount",
        "operation",
        "path",
        "peer_certificate",
        "token",
        "wrap_ttl",
    )

    def __init__(
        self,
        operation: Operation,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        identity: Identity = NOBODY,
        client: Client,
        id: str | None = None,
        token: str | None = None,
        wrap_ttl: float | None = None,
        headers: Mapping[str, str] | None = None,
        peer_certificate: bytes | None = None,
    ) -> None:
        self.operation = operation
        self.path = path
        self.data: Mapping[str, Any] = {} if data is None else data
        self.identity = identity
        self.client = client
        self.id = new_id() if id is None else id
        self.token = token
        self.wrap_ttl = wrap_ttl
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.peer_certificate = peer_certificate
        self.caller: Token | None = None
        self.counted = False  # against a rate limit; a request is handed from the event loop to a thread once
        self.mount: Mount | None = None

    def __repr__(self) -> str:
        return f"<Request {self.operation} {self.path!r} by {self.identity.name!r}>"


NOTHING: Mapping[str, Any] = {}
"""The ``data`` of an answer that says that there is nothing, instead of saying nothing: ``{}``, not ``null``."""


class Response:
    """One answer: ``data`` (a JSON-like mapping; bytes allowed where a value is binary), ``warnings``.

    ``version`` and ``digests`` are for the audit record: which version was touched, and, by name, the values
    in the answer, which appear there as keyed digests only.

    For the server: ``auth`` and ``lease`` ask the core for a token and a lease, which it makes in the
    transaction of the request, filling them in; ``wrap_info`` is set by the core when it wrapped the answer
    (then nothing else is left in it). ``status`` is HTTP's where the ordinary one (200, and 204 where there is
    nothing to say) is not meant; ``raw`` a content type and a body instead of JSON; ``headers`` go out besides.
    """

    __slots__ = (
        "auth",
        "data",
        "digests",
        "headers",
        "lease",
        "raw",
        "status",
        "version",
        "warnings",
        "wrap_info",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
        digests: Mapping[str, bytes] | None = None,
        warnings: tuple[str, ...] = (),
        auth: AuthGrant | None = None,
        lease: LeaseGrant | None = None,
        status: int | None = None,
        raw: tuple[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.data: Mapping[str, Any] = {} if data is None else data
        self.version = version
        self.digests = digests
        self.warnings = warnings
        self.auth = auth
        self.lease = lease
        self.wrap_info: WrapInfo | None = None
        self.status = status
        self.raw = raw
        self.headers = headers

    def __repr__(self) -> str:
        return f"<Response version={self.version}>"


def new_id() -> str:
    """A random identifier in UUID's version 4 form, without the cost of importing ``uuid``."""
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"


_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""RFC 9562's two fixed bits, ``10``, in front of two random ones."""
