"""Flask: an extension that opens the secrets when the application first needs them, and hands them to views.

::

    wellkept_flask = Wellkept(app)            # or Wellkept() and init_app(app) in a factory
    current_secrets().get("PAYMENT_KEY")      # in a view
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from flask import current_app

if TYPE_CHECKING:
    from flask import Flask

    from ..loader.secrets import Secrets
    from ..settings.model import Settings

KEY = "wellkept"


class Wellkept:
    """``source`` and ``options`` are those of ``wellkept.open``; with ``settings``, they are loaded in ``init_app``, so
    that an application with a problem does not start."""

    def __init__(
        self,
        app: Flask | None = None,
        *,
        settings: type[Settings] | None = None,
        source: Any = None,
        **options: Any,
    ) -> None:
        self._model = settings
        self._source = source
        self._options = options
        self._secrets: Secrets | None = None
        self._lock = Lock()
        self.settings: Any = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Register with ``app``. Raises ``SettingsError`` with every problem, where settings are wanted."""
        app.extensions[KEY] = self
        if self._model is not None:
            self.settings = self._model.load(self.secrets)

    @property
    def secrets(self) -> Secrets:
        """The application's ``Secrets``, opened at the first use."""
        with self._lock:
            if self._secrets is None:
                import wellkept

                self._secrets = wellkept.open(self._source, **self._options)
            return self._secrets

    def close(self) -> None:
        """Close the secrets; the next use opens them again."""
        with self._lock:
            if self._secrets is not None:
                self._secrets.close()
                self._secrets = None


def current_secrets() -> Secrets:
    """The ``Secrets`` of the application that handles this request."""
    return _extension().secrets


def current_settings() -> Any:
    """The settings of the application that handles this request."""
    return _extension().settings


def _extension() -> Wellkept:
    from ..errors import ConfigError

    extension = current_app.extensions.get(KEY)
    if extension is None:
        raise ConfigError("this application has no secrets: Wellkept(app)")
    return cast("Wellkept", extension)
