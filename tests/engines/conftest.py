"""A real OpenBao for the session, and engines of ours beside it."""

from __future__ import annotations

import itertools

import pytest

from wellkept.testing.openbao_fixture import openbao  # noqa: F401

from .differential.compare import Both, Theirs
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


@pytest.fixture
def both(openbao, served):  # noqa: F811
    """Mounts of the same kinds at both, new for each test: ``both(secret=("kv", {"version": "2"}))``."""

    def make(**mounts):
        theirs = Theirs(openbao)
        names = {}
        for name, (kind, options) in mounts.items():
            if kind == "cubbyhole":
                continue
            names[name] = f"m{next(_numbers)}-{name}"
            openbao.request("POST", f"sys/mounts/{names[name]}", {"type": kind, "options": options or {}})
            if (options or {}).get("version") == "2":
                openbao.wait_until_writable(names[name])
        return Both(theirs, served(**mounts), names)

    return make
