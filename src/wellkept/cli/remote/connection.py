"""The server that a command speaks to, and as whom.

The address: ``--server``, else ``$WELLKEPT_SERVER``, ``$BAO_ADDR``, ``$VAULT_ADDR``. The token: ``$BAO_TOKEN``,
``$VAULT_TOKEN``, else what ``login`` left in ``~/.vault-token``, where the other clients look as well. TLS, name
spaces and time limits come from the same variables as theirs.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ...errors import ConfigError, Conflict, Denied, InvalidRequest, NotFound, Unavailable, WellkeptError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from ...sources.vault.http1 import Answer
    from ..command import Parser

TOKEN_FILE = "~/.vault-token"  # noqa: S105 - a path
SERVER = "WELLKEPT_SERVER"
MAX_TOKEN = 8192


def at_server(parser: Parser, *, json: bool = True, wrap: bool = False) -> None:
    """The options of every command that speaks to a server."""
    parser.add_argument(
        "--server",
        metavar="URL",
        help="https://HOST:PORT (default: $WELLKEPT_SERVER, $BAO_ADDR, $VAULT_ADDR)",
    )
    if wrap:
        parser.add_argument(
            "--wrap-ttl", metavar="TIME", help="wrap the answer in a token that lives so long"
        )
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON")


class Server:
    """Calls of the API at ``url`` (``None``: as the environment says), as whoever ``token`` is."""

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        from ...sources.url import parse_url
        from ...sources.vault.options import read_options
        from ...sources.vault.wire import Wire

        self.url = address(url)
        protocol, _, authority = self.url.partition("://")
        plain = "+http" if protocol == "http" else ""
        self._wire = Wire(read_options(parse_url(f"vault{plain}://{authority}/sys")))
        self._token = find_token() if token is None else token
        self.timeout = self._wire.options.timeout

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        wrap_ttl: str | None = None,
        missing: bool = False,
    ) -> dict[str, Any]:
        """The answer's JSON; empty for 204. Raises by the status, in the server's words.

        ``missing``: a 404 is an empty answer, or the body it came with.
        """
        place = quote(path.strip("/"), safe="/-._~") + ("?" + urlencode(query) if query else "")
        if path.endswith("/") and not query:
            place += "/"
        head = b""
        if self._token:
            head += b"X-Vault-Token: " + _line(self._token, "the token")
        if wrap_ttl is not None:
            head += b"X-Vault-Wrap-TTL: " + _line(wrap_ttl, "--wrap-ttl")
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        deadline = time.monotonic() + self.timeout
        answer = self._wire.send(
            method, place, body, head, deadline, again=method in ("GET", "LIST"), content_type=kind
        )
        return self._sorted(method, path, answer, missing)

    def _sorted(self, method: str, path: str, answer: Answer, missing: bool) -> dict[str, Any]:
        parsed = _object(answer.body)
        if 200 <= answer.status < 300:
            return parsed
        if answer.status == 404 and missing:
            return {} if "errors" in parsed else parsed
        texts = [str(text) for text in parsed.get("errors") or () if isinstance(text, str)]
        said = "; ".join(" ".join(text.split()) for text in texts)[:500]
        raise failure(answer.status, f"{method} {path}: {said or 'status ' + str(answer.status)}")

    def close(self) -> None:
        self._wire.pool.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(arguments: Namespace) -> Server:
    """The server that the arguments, or the environment, name."""
    return Server(getattr(arguments, "server", None))


def address(url: str | None) -> str:
    """The server's address. Raises ``ConfigError`` when nothing names one, or it is none."""
    found = url or os.environ.get(SERVER) or os.environ.get("BAO_ADDR") or os.environ.get("VAULT_ADDR")
    if not found:
        raise ConfigError(
            "no server is named: give --server https://HOST:PORT, or set WELLKEPT_SERVER or VAULT_ADDR"
        )
    protocol, mark, rest = found.rstrip("/").partition("://")
    if not mark or protocol not in ("http", "https") or not rest or "/" in rest:
        raise ConfigError("the server's address is written https://HOST:PORT")
    return f"{protocol}://{rest}"


def find_token() -> str:
    """The caller's token, or nothing: some calls want none."""
    found = os.environ.get("BAO_TOKEN") or os.environ.get("VAULT_TOKEN")
    if found:
        return found.strip()
    try:
        with open(os.path.expanduser(TOKEN_FILE), encoding="ascii") as file:
            return file.read(MAX_TOKEN).strip()
    except (OSError, ValueError):
        return ""


def keep_token(token: str) -> str:
    """Write ``token`` where ``find_token`` looks, mode 0600, replacing what was there at once; the path."""
    path = os.path.expanduser(TOKEN_FILE)
    temporary = f"{path}.{os.getpid()}.new"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, token.encode("ascii"))
        os.fsync(fd)
        os.close(fd)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def failure(status: int, text: str) -> WellkeptError:
    """The kind of error that a status is, so that the command ends with its exit code."""
    if status == 403:
        return Denied(f"{text}; is the token right, and its policy? See: wellkept login --help")
    if status == 404:
        return NotFound(f"{text.removesuffix(': status 404')}: not found")
    if status in (409, 412):
        return Conflict(text)
    if status < 500:
        return InvalidRequest(text)
    return Unavailable(text)


def _line(text: str, what: str) -> bytes:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError(f"{what} holds characters that it cannot")
    return text.encode("ascii") + b"\r\n"


def _object(body: bytes) -> dict[str, Any]:
    import json

    try:
        parsed = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
