"""``Exchange`` and ``Answer``: one HTTP request and what is said to it, whatever carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..core.request import Request

JSON = b"application/json"


class Exchange:
    """One request as it arrived.

    ``target``: path and query as sent; ``headers``: by name in lower case, lines of one name joined by ``, ``;
    ``peer``: the address of whoever is at the other end of the connection, without the port; ``certificate``
    gives the client's, in DER, once verified. ``request`` is what the app made of it; ``asked`` what is to be
    answered ``together`` with others: the request, or what became of it in the batch before.
    """

    __slots__ = ("asked", "body", "certificate", "headers", "method", "peer", "request", "target", "together")

    def __init__(
        self,
        method: str,
        target: bytes,
        headers: Mapping[bytes, bytes],
        body: bytes = b"",
        peer: str = "",
        certificate: Callable[[], bytes | None] | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.peer = peer
        self.certificate = certificate
        self.request: Request | None = None
        self.asked: Any = None
        self.together = False

    def __repr__(self) -> str:
        return f"<Exchange {self.method}>"


class Answer(NamedTuple):
    """What goes out. ``headers`` come on top of those that every answer has."""

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def refuse(status: int, *errors: str) -> Answer:
    """An answer in Vault's form of an error."""
    from orjson import dumps

    return Answer(status, dumps({"errors": errors}) + b"\n")
