"""What pytest itself finds where wellkept is installed: fixtures, and ``--wellkept-leaks``. Nothing is imported until
one is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fake import FakeSecrets
    from .served import TestServer


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wellkept")
    group.addoption("--wellkept-leaks", action="store_true", help="fail a test that prints a known secret")
    group.addoption(
        "--wellkept-known", metavar="FILE", help="with it: also the secrets of this fingerprint file"
    )
    parser.addini("wellkept_leaks", "fail a test that prints a known secret", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--wellkept-leaks") or config.getini("wellkept_leaks"):
        from .leaks import guard

        config.pluginmanager.register(guard(config), "wellkept-leaks")


@pytest.fixture(scope="session")
def wellkept_server() -> Iterator[TestServer]:
    """A real server in this process (``pip install 'wellkept[server]'``), shared by the session: write under names of
    your own. ``address`` and ``root_token`` are what any Vault client wants."""
    from . import server

    with server() as running:
        yield running


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
