"""Secrets, well kept: an encrypted store, typed settings, rotation without downtime, redaction.

::

    import wellkept

    secrets = wellkept.open()                     # wellkept.toml and WELLKEPT_ENV say where from
    secrets.get("billing/database#password").reveal()

The names below are loaded when they are first used; importing this package loads next to nothing.
"""

from __future__ import annotations

from ._version import __version__

TYPE_CHECKING = False
"""As in ``typing``, whose import would take ten times as long as all the rest here; type checkers know the name."""

if TYPE_CHECKING:
    from .clock import SYSTEM, Clock, ManualClock
    from .config import Config, find_config, load_config
    from .errors import (
        AuditError,
        BadSignature,
        ConfigError,
        Conflict,
        DeadlineExceeded,
        Denied,
        IntegrityError,
        InvalidRequest,
        Malformed,
        NotFound,
        Sealed,
        SecretError,
        SettingsError,
        StorageUnavailable,
        StoreError,
        Throttled,
        Transient,
        Unavailable,
        ValueTooLarge,
        WellkeptError,
    )
    from .loader.events import Change
    from .loader.health import Health, SecretHealth
    from .loader.keyring import KeyRing
    from .loader.opening import open
    from .loader.secrets import Secrets
    from .secret import Secret
    from .settings.model import Settings
    from .settings.reference import From
    from .sources.base import BaseSource, Source
    from .sources.registry import open_source
    from .sources.url import SourceURL

__all__ = [
    "SYSTEM",
    "AuditError",
    "BadSignature",
    "BaseSource",
    "Change",
    "Clock",
    "Config",
    "ConfigError",
    "Conflict",
    "DeadlineExceeded",
    "Denied",
    "From",
    "Health",
    "IntegrityError",
    "InvalidRequest",
    "KeyRing",
    "Malformed",
    "ManualClock",
    "NotFound",
    "Sealed",
    "Secret",
    "SecretError",
    "SecretHealth",
    "Secrets",
    "Settings",
    "SettingsError",
    "Source",
    "SourceURL",
    "StorageUnavailable",
    "StoreError",
    "Throttled",
    "Transient",
    "Unavailable",
    "ValueTooLarge",
    "WellkeptError",
    "__version__",
    "find_config",
    "load_config",
    "open",
    "open_source",
]

_HOMES = {
    "BaseSource": "sources.base",
    "Change": "loader.events",
    "Clock": "clock",
    "Config": "config",
    "From": "settings.reference",
    "Health": "loader.health",
    "KeyRing": "loader.keyring",
    "ManualClock": "clock",
    "SYSTEM": "clock",
    "Secret": "secret",
    "SecretHealth": "loader.health",
    "Secrets": "loader.secrets",
    "Settings": "settings.model",
    "Source": "sources.base",
    "SourceURL": "sources.url",
    "find_config": "config",
    "load_config": "config",
    "open": "loader.opening",
    "open_source": "sources.registry",
}
"""Name -> the module it lives in; what is not listed lives in ``errors``."""


if not TYPE_CHECKING:  # so that type checkers still tell a misspelt name

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
