"""TLS towards the server: always verified, a private authority where one is named, a client certificate too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ConfigError

if TYPE_CHECKING:
    import ssl

    from .options import Options


class ContextMaker:
    """Makes the context for connections, anew when one of its files has changed: certificates may be
    short-lived, and whoever renews them replaces the files."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._seen: list[object] = []

    def __call__(self) -> ssl.SSLContext:
        """Raises ``ConfigError`` naming the file that cannot be used."""
        self._seen = self._state()
        return make_context(self._options)

    def changed(self) -> bool:
        """Whether the files are others than when the last context was made."""
        return self._seen != self._state()

    def _state(self) -> list[object]:
        import os

        options = self._options
        state: list[object] = []
        for path in (options.ca_file, options.ca_path, options.client_cert, options.client_key):
            if path is not None:
                try:
                    found = os.stat(path)
                    state.append((found.st_mtime_ns, found.st_size, found.st_ino))
                except OSError:
                    state.append(None)
        return state


def make_context(options: Options) -> ssl.SSLContext:
    """The context for connections. Raises ``ConfigError`` naming the file that cannot be used."""
    import ssl

    context = (
        ssl.create_default_context(cafile=None)
        if _system(options)
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path, load in (
        (options.ca_file, _load_file),
        (options.ca_path, _load_directory),
        (options.client_cert, _load_pair),
    ):
        if path is None:
            continue
        problem = ""
        try:
            load(context, path, options.client_key)
        except (OSError, ValueError) as error:
            problem = (
                getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__
            )
        if problem:
            raise ConfigError(
                f"{options.printable}: {path} cannot be used for TLS: {problem}; it must hold PEM"
            )
    return context


def _system(options: Options) -> bool:
    """Whether the system's authorities are trusted: only while none is named."""
    return options.ca_file is None and options.ca_path is None


def _load_file(context: ssl.SSLContext, path: str, key: str | None) -> None:
    context.load_verify_locations(cafile=path)


def _load_directory(context: ssl.SSLContext, path: str, key: str | None) -> None:
    context.load_verify_locations(capath=path)


def _load_pair(context: ssl.SSLContext, path: str, key: str | None) -> None:
    context.load_cert_chain(path, key, password=_refuse)


def _refuse() -> str:
    """Asked for a key's passphrase: there is nobody to ask, and OpenSSL must not try the terminal."""
    raise ValueError("an encrypted key")
