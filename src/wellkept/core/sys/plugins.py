"""``sys/plugins/catalog`` (which engines there are), and ``sys/decode-token``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..form import Field, Op, Route, bad
from ..form.base64s import NotBase64, decode_url
from ..registry import DATABASE_PLUGINS, kinds
from ..request import Response
from .shown import VERSION

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service

_TYPES = ("auth", "database", "secret")


def routes(service: Service) -> list[Route]:
    fields = {"type": Field(clear=True), "name": Field(clear=True)}
    decoding = {"encoded_token": Field(), "otp": Field()}
    return [
        Route(r"plugins/catalog/?", {}, {"read": _catalog, "list": _catalog}),
        Route(r"plugins/catalog/(?P<type>auth|database|secret)/?", fields, {"list": _list}),
        Route(r"plugins/catalog/(?P<type>auth|database|secret)/(?P<name>[\w-]+)", fields, {"read": _read}),
        Route(r"decode-token", decoding, {"update": Op(_decode, writes=False)}),
    ]


def _names(kind: str) -> list[str]:
    return list(DATABASE_PLUGINS) if kind == "database" else kinds("auth" if kind == "auth" else "secret")


def _catalog(call: Call) -> Response:
    told: dict[str, Any] = {kind: _names(kind) for kind in _TYPES}
    told["detailed"] = [_described(kind, name) for kind in _TYPES for name in _names(kind)]
    return Response(told)


def _described(kind: str, name: str) -> dict[str, Any]:
    return {
        "builtin": True,
        "deprecation_status": "supported",
        "name": name,
        "type": kind,
        "version": VERSION,
    }


def _list(call: Call) -> Response | None:
    names = _names(call.data["type"])
    return Response({"keys": names}) if names else None


def _read(call: Call) -> Response | None:
    name: str = call.data["name"]
    if name not in _names(call.data["type"]):
        return None
    return Response(
        {
            "args": [],
            "builtin": True,
            "command": "",
            "deprecation_status": "supported",
            "name": name,
            "sha256": "",
            "version": VERSION,
        }
    )


def _decode(call: Call) -> Response:
    """A root token out of what ``generate-root`` gave, and the one-time password that it was asked with."""
    encoded, otp = call.data["encoded_token"], call.data["otp"].encode("utf-8", "surrogatepass")
    if not encoded or not otp:
        raise bad("provided 'encoded_token' or 'otp' is empty")
    content, failure = b"", ""
    try:
        content = decode_url(encoded.rstrip("=").replace("+", "-").replace("/", "_"))
    except NotBase64 as error:
        failure = str(error)
    if failure:
        raise bad(f"error decoding base64'd token: {failure}")
    if len(content) != len(otp):
        raise bad(
            f"error xoring token: length of byte slices is not equivalent: {len(content)} != {len(otp)}"
        )
    token = bytes(one ^ other for one, other in zip(content, otp, strict=True))
    text = token.decode("utf-8", "replace")
    return Response({"token": text}, digests={"token": token})
