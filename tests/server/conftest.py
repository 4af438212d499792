from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wellkept.testing.served import TestServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def served() -> Iterator[TestServer]:
    """A real server, shared by the module: write under names of your own."""
    with TestServer(root_token="root") as server:
        yield server
