"""A family of forked processes asks the source once a period when told to share; otherwise each asks."""

import os
import signal
import time

import pytest

from wellkept.loader.secrets import Secrets
from wellkept.loader.sharing import SharedReads
from wellkept.secret import Secret
from wellkept.sources.base import BaseSource

WORKERS = 16


class CountingSource(BaseSource):
    """Counts reads, over all processes, as the bytes of a file; the value is read from another file."""

    url = "counting:"

    def __init__(self, directory):
        self.counter = directory / "reads"
        self.value = directory / "value"
        self.counter.touch()
        self.value.write_text("one")

    def read(self, name, *, version=None, timeout=None):
        with open(self.counter, "ab") as file:
            file.write(b".")
        return Secret(self.value.read_text(), name=name, source=self.url)

    @property
    def reads(self):
        return os.stat(self.counter).st_size


def family(secrets, seconds, last):
    """Fork workers that read without pause for ``seconds``; each ends well when it last saw ``last``."""
    children = []
    for _ in range(WORKERS):
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            end = time.monotonic() + seconds
            value = None
            while time.monotonic() < end:
                value = secrets.get("db").reveal()
                time.sleep(0.05)
            os._exit(0 if value == last else 3)
        children.append(child)
    return children


def codes(children):
    return {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}


@pytest.mark.parametrize("share", [True, False])
def test_sixteen_workers_make_one_refresh_a_period_when_told_to_share(tmp_path, share):
    source = CountingSource(tmp_path)
    with Secrets(source, ttl=1.0, share=share) as secrets:
        secrets.get("db")
        before = source.reads
        children = family(secrets, 6.0, "two")
        time.sleep(1.5)
        source.value.write_text("two")
        assert codes(children) == {0}
    # Six seconds are at most eight periods of 0.8 to 0.9 s each; the parent refreshes along.
    made = source.reads - before
    if share:
        assert made < WORKERS
    else:
        assert made > 2 * WORKERS


def test_an_explicit_refresh_is_never_answered_from_what_another_process_read(tmp_path):
    source = CountingSource(tmp_path)
    with Secrets(source, ttl=60, share=True) as secrets:
        secrets.get("db")
        source.value.write_text("two")
        assert secrets.refresh("db").reveal() == "two"


def test_a_read_is_adopted_only_when_it_is_news():
    shared = SharedReads()
    fetched = []

    def fetch(names):
        fetched.append(list(names))
        return {name: Secret(b"\xff\x00", name=name, version="7", source="x:", created=3.0) for name in names}

    now = time.monotonic()
    shared.read({"a": now}, 1.0, fetch)
    outcomes, read_at = shared.read({"a": now - 1, "b": now - 1}, 1.0, fetch)
    assert fetched == [["a"], ["b"]]
    assert set(read_at) == {"a"}
    assert outcomes["a"].reveal_bytes() == b"\xff\x00"
    assert (outcomes["a"].version, outcomes["a"].created) == ("7", 3.0)
    shared.read({"a": time.monotonic()}, 1.0, fetch)
    assert fetched[-1] == ["a"]


def test_a_process_that_hangs_with_the_lock_holds_up_nobody_for_long(tmp_path):
    shared = SharedReads()
    ready = tmp_path / "ready"
    child = os.fork()
    if child == 0:
        shared.read({"a": 0.0}, 1.0, lambda names: (ready.touch(), time.sleep(60)))
        os._exit(0)
    while not ready.exists():
        time.sleep(0.01)
    try:
        outcomes, _ = shared.read(
            {"a": 0.0}, 0.2, lambda names: {name: Secret("own", name=name) for name in names}
        )
        assert outcomes["a"].reveal() == "own"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    outcomes, _ = shared.read(
        {"a": 0.0}, 5.0, lambda names: {name: Secret("after", name=name) for name in names}
    )
    assert outcomes["a"].reveal() == "after"


def test_what_does_not_fit_is_not_shared_and_does_no_harm():
    shared = SharedReads()
    large = "x" * (9 * 1024 * 1024)
    outcomes, _ = shared.read(
        {"a": 0.0, "b": 0.0},
        5.0,
        lambda names: {n: Secret(large if n == "a" else "s", name=n) for n in names},
    )
    assert outcomes["a"].reveal() == large
    _, read_at = shared.read({"a": 0.0, "b": 0.0}, 5.0, lambda names: {n: Secret("s", name=n) for n in names})
    assert set(read_at) == {"b"}
