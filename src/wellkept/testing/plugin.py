"""pytest fixtures, found by pytest itself where wellkept is installed. Nothing is imported until one is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fake import FakeSecrets


@pytest.fixture
def fake_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSecrets]:
    """Secrets under the test's control; what ``wellkept.open()`` returns, too, for as long as the test runs.

    ``fake_secrets.set(name, value)`` puts one there; ``rotate``, ``outage``, ``deny``, ``throttle`` and
    ``clock.advance`` play what may happen to it.
    """
    import wellkept

    from .fake import FakeSecrets

    secrets = FakeSecrets()

    def open(*_: Any, **__: Any) -> FakeSecrets:
        return secrets

    monkeypatch.setattr(wellkept, "open", open)
    yield secrets
    secrets.close()
