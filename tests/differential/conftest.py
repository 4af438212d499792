"""Both servers for the session, with the same mounts."""

from __future__ import annotations

import pytest

import wellkept.testing
from wellkept.testing.openbao_fixture import openbao  # noqa: F401

from .operations import mount
from .sides import Sides


@pytest.fixture(scope="session")
def sides(openbao):  # noqa: F811
    """Theirs and ours, to be asked the same."""
    with wellkept.testing.server() as ours:
        mount(openbao)
        mount(ours)
        yield Sides(openbao, ours)


@pytest.fixture(scope="session")
def document(openbao, sides):  # noqa: F811
    """What OpenBao says of its operations."""
    return openbao.request("GET", "sys/internal/specs/openapi")
