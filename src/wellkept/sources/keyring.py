"""``keyring:SERVICE`` reads the operating system's key ring: macOS' Keychain, Secret Service, KWallet, Windows' vault.

Through the ``keyring`` library, whose ``keyring set SERVICE NAME`` writes what is read here. It has no time limit of its
own: a key ring that asks a person to unlock it waits for that person, and the loader's deadline counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, Denied, Malformed, NotFound, SecretError, Unavailable, WellkeptError
from ..secret import Secret
from .base import BaseSource
from .url import check_prefix

if TYPE_CHECKING:
    from .url import SourceURL

NO_BACKEND = (
    "no key ring is available to the keyring library here: on Linux start a Secret Service (gnome-keyring, KeePassXC, "
    "KWallet) in this session, or choose a backend with PYTHON_KEYRING_BACKEND; `keyring --list-backends` shows them"
)
DISABLED = "the keyring library is switched off (its null backend); `keyring diagnose` shows where that is configured"


class KeyringSource(BaseSource):
    """The entries of ``service``; the name, with ``prefix/`` in front, is what the library calls the user's name."""

    def __init__(self, service: str, *, prefix: str = "") -> None:
        self.service = service
        self.prefix = prefix
        self.url = f"keyring:{service}" + (f"?prefix={prefix}" if prefix else "")

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        if version is not None:
            raise NotFound(f"{name!r}: a key ring keeps no versions", name=name, source=self.url)
        value = self._look_up(name, f"{self.prefix}/{name}" if self.prefix else name)
        if value is None:
            raise NotFound(
                f"{name[:80]!r}: the key ring has no such entry of the service {self.service!r}",
                name=name,
                source=self.url,
            )
        if not isinstance(value, str):
            raise Malformed(f"{name!r}: the key ring's backend gave no text", name=name, source=self.url)
        return Secret(value, name=name, source=self.url)

    def whoami(self) -> str:
        user = super().whoami()
        try:
            backend = type(_library().get_keyring())
        except Exception as error:  # backends raise what they like, and this is for showing only
            return f"{user}; the key ring is not usable ({type(error).__name__})"
        return f"{user}, by {backend.__module__}.{backend.__qualname__}"

    def _look_up(self, name: str, user: str) -> Any:
        """What the library says. Its errors may quote anything, so only their kinds go further."""
        if not name or not name.isprintable():
            return None
        library = _library()
        kind: type[WellkeptError] = ConfigError
        try:
            if type(library.get_keyring()).__module__ == "keyring.backends.null":
                problem = DISABLED
            else:
                return library.get_password(self.service, user)
        except library.errors.NoKeyringError:
            problem = NO_BACKEND
        except library.errors.KeyringLocked:
            problem, kind = (
                "the key ring is locked, or does not let this program in; unlock it and allow it",
                Denied,
            )
        except (
            Exception
        ) as error:  # D-Bus, Keychain and Windows have errors of their own, behind no common class
            problem, kind = f"the key ring cannot be asked now ({type(error).__name__})", Unavailable
        if issubclass(kind, SecretError):
            raise kind(f"{name!r}: {problem}", name=name, source=self.url)
        raise kind(f"{self.url}: {problem}")


def _library() -> Any:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        found = None
    else:
        found = keyring
    if found is None:
        raise ConfigError("keyring: needs the keyring library: pip install 'wellkept[keyring]'")
    return found


def open_keyring(url: SourceURL) -> KeyringSource:
    """``keyring:SERVICE`` with the option ``prefix``. The library is loaded here, so that its absence shows at once."""
    prefix = url.expect("prefix").get("prefix", "")
    if not url.rest or not url.rest.isprintable():
        raise ConfigError("keyring: is written keyring:SERVICE, as in keyring:billing")
    _library()
    return KeyringSource(url.rest, prefix=check_prefix("keyring", prefix) if prefix else "")
