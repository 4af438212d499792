"""TLS 1.2 and 1.3 for one listener, and new certificates without a new listener.

A context that is in use may load another certificate: connections made from then on get it, those that stand
keep theirs. It is first tried on a context of its own, so that a broken pair of files changes nothing.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from ..errors import ConfigError

if TYPE_CHECKING:
    from .settings import ListenerSettings

_VERSIONS = {"tls12": ssl.TLSVersion.TLSv1_2, "tls13": ssl.TLSVersion.TLSv1_3}
_TLS12 = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""What TLS 1.2 may use: forward secrecy and authenticated encryption only."""


def context(settings: ListenerSettings) -> ssl.SSLContext:
    """The context of a listener. Raises ``ConfigError`` that names the file."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = _VERSIONS[settings.tls_min_version]
    made.maximum_version = _VERSIONS[settings.tls_max_version]
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    made.set_alpn_protocols(["http/1.1"])
    _ciphers(made, settings.tls_cipher_suites)
    _load(made, settings)
    if settings.tls_client_ca_file:
        _authorities(made, settings.tls_client_ca_file)
        if settings.tls_require_client_cert:
            made.verify_mode = ssl.CERT_REQUIRED
        elif settings.tls_request_client_cert:
            made.verify_mode = ssl.CERT_OPTIONAL
    elif settings.tls_require_client_cert:
        raise ConfigError(
            "tls_require_and_verify_client_cert: name the authorities to verify with in tls_client_ca_file"
        )
    return made


def renew(made: ssl.SSLContext, settings: ListenerSettings) -> None:
    """Load the certificate and key again. Raises ``ConfigError`` with the old ones still in force."""
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), settings)
    _load(made, settings)
    if settings.tls_client_ca_file:
        _authorities(made, settings.tls_client_ca_file)


def _load(made: ssl.SSLContext, settings: ListenerSettings) -> None:
    failure = ""
    try:
        made.load_cert_chain(settings.tls_cert_file, settings.tls_key_file, password=_no_password)
    except OSError as error:  # of which ssl.SSLError is a kind
        failure = error.strerror or getattr(error, "reason", None) or type(error).__name__
    except ValueError:
        failure = "the key is encrypted; it must not be"
    if failure:
        raise ConfigError(
            f"TLS: the certificate {settings.tls_cert_file} and key {settings.tls_key_file} cannot be loaded: "
            f"{failure.replace('_', ' ').lower()}"
        )


def _authorities(made: ssl.SSLContext, path: str) -> None:
    failure = ""
    try:
        made.load_verify_locations(path)
    except OSError as error:
        failure = error.strerror or type(error).__name__
    if failure:
        raise ConfigError(f"TLS: the authorities in {path} cannot be loaded: {failure.lower()}")


def _ciphers(made: ssl.SSLContext, suites: str) -> None:
    names = ":".join(_openssl(name.strip()) for name in suites.split(",") if name.strip())
    failure = False
    try:
        made.set_ciphers(names or _TLS12)
    except ssl.SSLError:
        failure = True
    if failure:
        raise ConfigError(f"tls_cipher_suites: none of {suites} is known for TLS 1.2")


def _openssl(name: str) -> str:
    """``TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`` as OpenSSL calls it."""
    if not name.startswith("TLS_"):
        return name
    name = name.removeprefix("TLS_").replace("_WITH_", "_")
    name = name.replace("AES_128_", "AES128-").replace("AES_256_", "AES256-")
    name = name.replace("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305").replace(
        "CHACHA20_POLY1305", "CHACHA20-POLY1305"
    )
    return name.replace("_", "-")


def _no_password() -> str:
    """Instead of asking on the terminal."""
    raise ValueError
