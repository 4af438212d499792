"""botocore's session, made when first needed: for credentials and configuration, never for the requests."""

from __future__ import annotations

import threading
from typing import Any

from ...errors import ConfigError

GIVER_TIMEOUT = 5
"""Seconds for each step of fetching credentials from STS or single sign-on; botocore's own default is 60."""


class Sdk:
    """One session for one source: ``profile`` and ``region`` as asked for, else what the environment says."""

    def __init__(self, *, profile: str | None = None, region: str | None = None) -> None:
        self.profile = profile
        self.region = region
        self._session: Any = None
        self._lock = threading.Lock()

    def session(self) -> Any:
        """The session. Raises ``ConfigError`` where botocore is not installed."""
        with self._lock:
            if self._session is None:
                self._session = self._make()
            return self._session

    def forget(self) -> None:
        """Start over at the next use."""
        with self._lock:
            self._session = None

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._session = None

    def _make(self) -> Any:
        try:
            from botocore.config import Config
            from botocore.session import Session
        except ImportError:
            Session = None  # noqa: N806
        if Session is None:
            raise ConfigError(
                "AWS credentials or settings other than in the environment need botocore: pip install 'wellkept[aws]'"
            )
        session = Session(profile=self.profile)
        if self.region is not None:
            session.set_config_variable("region", self.region)
        session.set_default_client_config(
            Config(
                connect_timeout=GIVER_TIMEOUT,
                read_timeout=GIVER_TIMEOUT,
                retries={"total_max_attempts": 1},
            )
        )
        return session
