"""One real OpenBao a session, an environment without traces of the developer's own, and quick ways to a source."""

from __future__ import annotations

import itertools
import os

import pytest

from wellkept.sources.registry import open_source
from wellkept.testing.openbao_fixture import openbao, openbao_tls  # noqa: F401

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("VAULT_", "BAO_", "ACTIONS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def bao(openbao, monkeypatch):  # noqa: F811
    """The shared server, with the root token in the environment."""
    monkeypatch.setenv("VAULT_TOKEN", openbao.root_token)
    return openbao


@pytest.fixture
def opened():
    """Open sources that are closed with the test."""
    made = []

    def open_it(url):
        made.append(open_source(url))
        return made[-1]

    yield open_it
    for source in made:
        source.close()


@pytest.fixture
def fresh():
    """A new name each time: tests share the server."""
    return lambda stem="test": f"{stem}-{next(_numbers)}"


@pytest.fixture
def reader(openbao, fresh):  # noqa: F811
    """The name of a policy that lets ``name`` be read, and nothing else of ``secret/``."""

    def make(name):
        policy = fresh("policy")
        openbao.policy(policy, **{f"secret/data/{name}": ["read"]})
        return policy

    return make
