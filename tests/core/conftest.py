"""A real store in a directory of its own, with a clock that moves only when told to."""

from __future__ import annotations

import pytest

from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import ManualClock
from wellkept.core.local import create_store, open_store


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def seal(tmp_path):
    return KeyFileSeal.create(tmp_path / "key")


@pytest.fixture
def store(tmp_path, seal, clock):
    with create_store(tmp_path / "store", seal, clock=clock) as made:
        yield made


@pytest.fixture
def audit_path(tmp_path):
    return tmp_path / "store" / "audit.jsonl"


@pytest.fixture
def reopen(tmp_path, seal, clock):
    """Opens the same store again, with other policies where asked."""
    opened = []

    def again(**options):
        opened.append(open_store(tmp_path / "store", seal, clock=clock, **options))
        return opened[-1]

    yield again
    for store in opened:
        store.close()
