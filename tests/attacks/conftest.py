from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from doubles.raw_http import Wire
from doubles.server_process import Process
from wellkept.testing.served import TestServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_numbers = itertools.count()


@pytest.fixture(scope="module")
def served() -> Iterator[TestServer]:
    """A real server in this process, shared by the module: write under names of your own."""
    with TestServer() as server:
        yield server


@pytest.fixture
def wire(served: TestServer) -> Iterator[Wire]:
    with Wire(served.port) as wire:
        yield wire


@pytest.fixture
def name() -> str:
    """One that no other test uses."""
    return f"n{next(_numbers)}"


@pytest.fixture
def serve(tmp_path_factory: Any) -> Iterator[Callable[..., Process]]:
    """Starts ``wellkept server`` as users do: a process of its own. Killed at the end with all its workers."""
    made: list[Process] = []

    def serve(config: str = "", **options: Any) -> Process:
        process = Process(tmp_path_factory.mktemp("served"), config, **options)
        made.append(process)
        return process.start()

    yield serve
    for process in made:
        process.__exit__()
