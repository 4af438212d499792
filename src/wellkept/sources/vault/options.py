"""What a ``vault:`` URL and the environment say together: where, which mount, as whom.

The variables are those of the ``bao`` and ``vault`` programs (OpenBao's first, as OpenBao reads them). What
the URL says comes first; the environment fills in what it leaves out. Credentials come from the environment
and from files only: the URL stands in configuration files, logs and error messages.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ...errors import ConfigError
from ..url import check_prefix

if TYPE_CHECKING:
    from ..url import SourceURL

TLS_PORT = 8200
METHODS = ("token", "approle", "userpass", "ldap", "jwt", "kubernetes", "cert")
OPTIONS = (
    "audience", "auth", "auth_mount", "ca", "client_cert", "client_key", "jwt_env", "jwt_file", "kv", "namespace",
    "password_file", "plaintext", "prefix", "role", "role_id_file", "secret_id_file", "server_name", "timeout",
    "token_file", "user", "value", "wrapped",
)  # fmt: skip


class Options(NamedTuple):
    """One source's settings. Paths are absolute; ``""`` and ``None`` mean: not given."""

    host: str
    port: int
    tls: bool
    mount: str
    prefix: str
    kv: int | None
    plain_value: bool
    namespace: str
    timeout: float
    ca_file: str | None
    ca_path: str | None
    client_cert: str | None
    client_key: str | None
    server_name: str | None
    auth: str
    auth_mount: str
    role: str
    user: str
    audience: str
    token_file: str
    role_id_file: str
    secret_id_file: str
    password_file: str
    jwt_file: str
    jwt_env: str
    wrapped: bool
    printable: str

    @property
    def authority(self) -> str:
        """``host:port`` as the ``Host`` header and messages show it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def variable(name: str) -> str:
    """The environment's ``BAO_name``, else ``VAULT_name``, else ``""``."""
    return os.environ.get(f"BAO_{name}") or os.environ.get(f"VAULT_{name}") or ""


def read_options(url: SourceURL) -> Options:
    """The options of ``url``. Raises ``ConfigError`` that names what is wrong and what was expected."""
    given = url.expect(*OPTIONS)
    scheme = url.scheme
    if not url.rest.startswith("//"):
        raise ConfigError(
            f"{scheme}: is written {scheme}://HOST:PORT/MOUNT, or {scheme}:///MOUNT with VAULT_ADDR set"
        )
    authority, _, mount = url.rest[2:].partition("/")
    tls = not scheme.endswith("+http")
    if not authority:
        tls, authority = _address(scheme)
    host, port = _host_and_port(scheme, authority)
    _check_plaintext(scheme, tls, host, given.get("plaintext", ""))
    mount = mount.strip("/")
    if not mount or any(part in ("", ".", "..") for part in mount.split("/")):
        raise ConfigError(f"{scheme}: the URL names the engine's mount, as in {scheme}://HOST:PORT/secret")
    prefix = check_prefix(scheme, given["prefix"]) if given.get("prefix") else ""
    if variable("SKIP_VERIFY").lower() in ("1", "t", "true"):
        raise ConfigError(
            f"{scheme}: VAULT_SKIP_VERIFY is set, but certificates are always verified here; "
            "name the authority's file with ca= or VAULT_CACERT"
        )
    auth = given.get("auth", "")
    if auth and auth not in METHODS:
        raise ConfigError(f"{scheme}: the option auth= is one of {', '.join(METHODS)}, not {auth!r}")
    kv = given.get("kv", "")
    if kv not in ("", "1", "2"):
        raise ConfigError(f"{scheme}: the option kv= is 1 or 2; without it, the server is asked")
    value = given.get("value", "text")
    if value not in ("text", "object"):
        raise ConfigError(f"{scheme}: the option value= is text (the default) or object")

    wrapped = given.get("wrapped", "no")
    if wrapped not in ("yes", "no") or (wrapped == "yes" and auth not in ("", "token", "approle")):
        raise ConfigError(
            f"{scheme}: the option wrapped= is yes or no, and for a token or an AppRole's secret ID"
        )

    def file(option: str, fallback: str = "") -> str:
        path = given.get(option) or (variable(fallback) if fallback else "")
        return os.path.abspath(os.path.join(url.base or "", os.path.expanduser(path))) if path else ""

    client_cert, client_key = file("client_cert", "CLIENT_CERT"), file("client_key", "CLIENT_KEY")
    printable = f"{scheme}://{authority}/{mount}" + (f"?prefix={prefix}" if prefix else "")
    return Options(
        host=host,
        port=port,
        tls=tls,
        mount=mount,
        prefix=prefix,
        kv=int(kv) if kv else None,
        plain_value=value == "text",
        namespace=(given.get("namespace") or variable("NAMESPACE")).strip("/"),
        timeout=_seconds(scheme, given.get("timeout") or variable("CLIENT_TIMEOUT") or "30"),
        ca_file=file("ca", "CACERT") or None,
        ca_path=file("", "CAPATH") or None,
        client_cert=client_cert or None,
        client_key=client_key or None,
        server_name=given.get("server_name") or variable("TLS_SERVER_NAME") or None,
        auth=auth,
        auth_mount=given.get("auth_mount", "").strip("/"),
        role=given.get("role", ""),
        user=given.get("user") or variable("USERNAME"),
        audience=given.get("audience", ""),
        token_file=file("token_file"),
        role_id_file=file("role_id_file", "ROLE_ID_FILE"),
        secret_id_file=file("secret_id_file", "SECRET_ID_FILE"),
        password_file=file("password_file", "PASSWORD_FILE"),
        jwt_file=file("jwt_file"),
        jwt_env=given.get("jwt_env", ""),
        wrapped=wrapped == "yes",
        printable=printable,
    )


def _address(scheme: str) -> tuple[bool, str]:
    """Whether TLS, and ``host:port``, from the environment's address."""
    address = variable("ADDR")
    protocol, mark, authority = address.partition("://")
    authority = authority.rstrip("/")
    if not mark or protocol not in ("http", "https") or not authority or "/" in authority:
        raise ConfigError(
            f"{scheme}: the URL names no server, so VAULT_ADDR (or BAO_ADDR) must, as https://HOST:PORT"
        )
    return protocol == "https", authority


def _host_and_port(scheme: str, authority: str) -> tuple[str, int]:
    if "@" in authority:
        raise ConfigError(
            f"{scheme}: no user name or password may stand in the URL; see its options for files"
        )
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = authority, str(TLS_PORT)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ConfigError(f"{scheme}: the port must be a number from 1 to 65535")
    host = host.removeprefix("[").removesuffix("]")
    if not host or any(
        character.isspace() or character in "/\\" or ord(character) < 33 for character in host
    ):
        raise ConfigError(f"{scheme}: the URL needs a host, as in {scheme}://HOST:PORT/MOUNT")
    return host, int(port)


def _check_plaintext(scheme: str, tls: bool, host: str, plaintext: str) -> None:
    """Plain HTTP shows every token to the network: only to this machine, or where somebody said so."""
    if plaintext not in ("", "allowed"):
        raise ConfigError(f"{scheme}: the option plaintext= can only be 'allowed'")
    if tls or plaintext == "allowed" or is_loopback(host):
        return
    raise ConfigError(
        f"{scheme}: tokens and secrets would cross the network to {host} unencrypted; use TLS, "
        "or say plaintext=allowed where something else encrypts (a service mesh)"
    )


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its very form; names other than ``localhost`` are not looked up."""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def _seconds(scheme: str, text: str) -> float:
    """A number of seconds, also as Go writes it: ``30``, ``2.5``, ``30s``, ``500ms``, ``1m``."""
    for suffix, unit in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)):
        number = text.removesuffix(suffix)
        if (
            text.endswith(suffix)
            and number.replace(".", "", 1).isdigit()
            and number.isascii()
            and float(number) > 0
        ):
            return float(number) * unit
    raise ConfigError(f"{scheme}: the timeout must be a number of seconds above zero, as 10 or 2.5s")
