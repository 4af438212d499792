"""A served store without a transport: a real barrier over SQLite, a real audit log, and requests with tokens."""

from __future__ import annotations

import pytest

from core_served import Served


@pytest.fixture
def served(tmp_path):
    made = Served(tmp_path)
    yield made
    made.close()


@pytest.fixture
def leasing(served, monkeypatch):
    """Engines that give out leases at ``inside/`` and ``outside/``, and a simple login at ``auth/simple/``."""
    import core_leasing
    from wellkept.core import registry

    monkeypatch.setitem(registry.SECRET_ENGINES, "leasing", "core_leasing:make")
    monkeypatch.setitem(registry.SECRET_ENGINES, "leasing-outside", "core_leasing:make_outside")
    monkeypatch.setitem(registry.AUTH_METHODS, "simple", "core_leasing:make_login")
    core_leasing.outside.__init__()
    for path, kind in (
        ("mounts/inside", "leasing"),
        ("mounts/outside", "leasing-outside"),
        ("auth/simple", "simple"),
    ):
        assert served.call("POST", f"sys/{path}", {"type": kind}).status == 204
    return served
