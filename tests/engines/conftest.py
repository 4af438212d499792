"""A real OpenBao for the session, and engines of ours beside it."""

from __future__ import annotations

import itertools

import pytest

import wellkept.testing
from wellkept.testing.openbao_fixture import openbao  # noqa: F401

from .differential.compare import Asked, Both
from .served import Served

_numbers = itertools.count()


@pytest.fixture
def served(tmp_path):
    """Makes our engines: ``served(secret=("kv", {"version": "2"}))``."""
    made = []

    def make(**mounts):
        made.append(Served(tmp_path, mounts))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def ours():
    """A server of ours for the session, over HTTP like theirs."""
    with wellkept.testing.server() as running:
        yield running


@pytest.fixture
def both(openbao, ours):  # noqa: F811
    """Mounts of the same kinds at both, new for each test: ``both(secret=("kv", {"version": "2"}))``."""

    def make(**mounts):
        sides = Both(Asked(openbao), Asked(ours), {})
        for name, (kind, options) in mounts.items():
            if kind == "cubbyhole":
                continue
            sides.mounts[name] = path = f"m{next(_numbers)}-{name}"
            for server in (openbao, ours):
                server.request("POST", f"sys/mounts/{path}", {"type": kind, "options": options or {}})
            if (options or {}).get("version") == "2":
                openbao.wait_until_writable(path)
        return sides

    return make
