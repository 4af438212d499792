"""Does a source keep its promises? A suite that any provider's source can be held against, ours and others'.

Inherit from ``SourceConformance`` in a test module of your own and write the fixture ``harness``: an object
that opens the source under test and changes what stands behind it, best of all the provider's real server.
What a harness cannot arrange raises ``NotImplementedError`` (as ``SourceHarness`` does) and skips those tests
by name, so that the report says what was not proven::

    from wellkept.testing.source_conformance import SourceConformance, SourceHarness

    class Harness(SourceHarness):
        def open(self): return MySource(self.url)
        def put(self, name, value): self.server.put(name, value)
        def remove(self, name): self.server.remove(name)

    class TestMySource(SourceConformance):
        @pytest.fixture
        def harness(self, server):
            return Harness(server)

Needs pytest. Nothing here sleeps for a time to live; the loader's part runs on a manual clock.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ..clock import ManualClock
from ..errors import Denied, Malformed, NotFound, SecretError, Throttled, Transient, Unavailable
from ..loader.secrets import Secrets
from ..secret import Secret
from ..sources.registry import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..sources.base import Source

BINARY = bytes(range(256))
LARGE = "0123456789abcdef" * 4096
"""64 KiB, which AWS Secrets Manager allows, for one."""

UNICODE = "prod/größe-数据-🔑"
SPECIAL = "a\"b'c\\d$e${F}g\th%i&j=k#l m\u00e9"
"""A value that careless quoting breaks."""


class SourceHarness:
    """What the suite needs to arrange. Override all that the provider can do."""

    name = "app/password"
    """A name that the provider accepts; the suite puts a suffix to it where it needs several."""

    unicode_name = UNICODE

    def open(self) -> Source:
        """A new source over what stands behind it; the suite closes it."""
        raise NotImplementedError

    def put(self, name: str, value: str | bytes) -> None:
        """Make ``value`` the current version of the secret ``name``."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Make the secret absent, all versions of it."""
        raise NotImplementedError

    def deny(self, name: str) -> None:
        """From now on the source's identity may not read ``name``."""
        raise NotImplementedError

    def throttle(self, times: int) -> None:
        """The next ``times`` requests are answered with the provider's "too many requests"."""
        raise NotImplementedError

    def slow(self, seconds: float) -> None:
        """From now on each answer takes ``seconds``."""
        raise NotImplementedError

    def refuse(self) -> None:
        """From now on connections are refused, as by a server that is down."""
        raise NotImplementedError

    def break_off(self) -> None:
        """From now on each answer ends half-way."""
        raise NotImplementedError

    def garble(self, name: str) -> None:
        """From now on reading ``name`` gets something that cannot be read as an answer."""
        raise NotImplementedError

    def restore(self) -> None:
        """End what ``slow``, ``refuse`` and ``break_off`` began."""
        raise NotImplementedError

    def reads(self) -> int:
        """How many read requests have reached the provider so far."""
        raise NotImplementedError

    def keeps_versions(self) -> bool:
        """Whether the provider keeps the version before the current one."""
        return False

    def can_list(self) -> bool:
        """Whether the source can list its names."""
        return True


class SourceConformance:
    """The suite. Each test's name says what must hold of a source."""

    @pytest.fixture
    def harness(self) -> SourceHarness:
        """Override: the provider, with the secrets of this test only."""
        raise NotImplementedError("write a fixture 'harness' that returns a SourceHarness")

    @pytest.fixture
    def source(self, harness: SourceHarness) -> Iterator[Source]:
        source = harness.open()
        yield source
        source.close()

    # Reading

    def test_it_has_the_shape_of_a_source_and_a_url_to_print(self, source: Source) -> None:
        for method in ("read", "read_many", "list", "close", "after_fork"):
            assert callable(getattr(source, method))
        assert open_source(source) is source
        assert ":" in source.url
        assert isinstance(source.blocking, bool)

    def test_a_secret_comes_back_under_the_name_it_was_asked_for(
        self, harness: SourceHarness, source: Source
    ) -> None:
        harness.put(harness.name, "value")
        secret = source.read(harness.name)
        assert isinstance(secret, Secret)
        assert (secret.reveal(), secret.name) == ("value", harness.name)
        assert secret.source

    def test_an_absent_secret_is_not_found(self, harness: SourceHarness, source: Source) -> None:
        with pytest.raises(NotFound) as caught:
            source.read(harness.name)
        assert caught.value.name == harness.name
        assert harness.name in str(caught.value)

    def test_a_removed_secret_is_not_found(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "value")
        assert source.read(harness.name).reveal() == "value"
        with arranged():
            harness.remove(harness.name)
        with pytest.raises(NotFound):
            source.read(harness.name)

    def test_a_denied_secret_is_denied_and_not_absent(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "value")
        with arranged():
            harness.deny(harness.name)
        with pytest.raises(Denied):
            source.read(harness.name)
        assert isinstance(source.read_many([harness.name])[harness.name], Denied)

    def test_an_empty_value_is_a_value(self, harness: SourceHarness, source: Source) -> None:
        with arranged():
            harness.put(harness.name, "")
        assert source.read(harness.name).reveal() == ""

    def test_a_value_of_64_kib_comes_back_whole(self, harness: SourceHarness, source: Source) -> None:
        with arranged():
            harness.put(harness.name, LARGE)
        assert source.read(harness.name).reveal() == LARGE

    def test_a_value_full_of_syntax_comes_back_unharmed(self, harness: SourceHarness, source: Source) -> None:
        with arranged():
            harness.put(harness.name, SPECIAL)
        assert source.read(harness.name).reveal() == SPECIAL

    def test_binary_comes_back_byte_by_byte(self, harness: SourceHarness, source: Source) -> None:
        with arranged():
            harness.put(harness.name, BINARY)
        secret = source.read(harness.name)
        assert secret.is_binary
        assert secret.reveal_bytes() == BINARY

    def test_a_json_secret_has_fields(self, harness: SourceHarness, source: Source) -> None:
        with arranged():
            harness.put(harness.name, '{"user": "u", "password": "p"}')
        assert source.read(harness.name).field("password").reveal() == "p"

    def test_a_unicode_name_is_found(self, harness: SourceHarness, source: Source) -> None:
        with arranged():
            harness.put(harness.unicode_name, "value")
        assert source.read(harness.unicode_name).reveal() == "value"

    @pytest.mark.parametrize("name", ["../escape", "a//b", ".", "a\0b", "x" * 5000, " ", "a?b&c", "a%2Fb"])
    def test_an_odd_name_is_no_accident(self, source: Source, name: str) -> None:
        """Sorted like any other failure; above all, never another secret's value."""
        with pytest.raises(SecretError) as caught:
            source.read(name)
        assert not isinstance(caught.value, Transient)

    # Batches and lists

    def test_a_batch_has_an_outcome_for_each_name(self, harness: SourceHarness, source: Source) -> None:
        names = [f"{harness.name}-{number}" for number in range(25)]
        for number, name in enumerate(names):
            harness.put(name, f"value {number}")
        absent = f"{harness.name}-absent"
        outcomes = source.read_many([*names, absent])
        assert set(outcomes) == {*names, absent}
        for number, name in enumerate(names):
            secret = outcomes[name]
            assert isinstance(secret, Secret)
            assert (secret.reveal(), secret.name) == (f"value {number}", name)
        assert isinstance(outcomes[absent], NotFound)

    def test_a_batch_of_nothing_is_nothing(self, source: Source) -> None:
        assert dict(source.read_many([])) == {}

    def test_the_list_has_what_is_there(self, harness: SourceHarness, source: Source) -> None:
        if not harness.can_list():
            pytest.skip("this source cannot list")
        names = sorted(f"{harness.name}-{number}" for number in range(3))
        for name in names:
            harness.put(name, "value")
        listed = source.list()
        assert listed == sorted(listed)
        assert set(names) <= set(listed)
        for name in names:
            assert source.read(name).reveal() == "value"

    # Versions

    def test_the_previous_version_is_the_one_before(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "one")
        if not harness.keeps_versions():
            with pytest.raises(NotFound):
                source.read(harness.name, version="previous")
            return
        first = source.read(harness.name)
        with pytest.raises(NotFound):
            source.read(harness.name, version="previous")
        harness.put(harness.name, "two")
        assert source.read(harness.name).reveal() == "two"
        assert source.read(harness.name).version != first.version
        assert source.read(harness.name, version="previous").reveal() == "one"
        assert first.version is not None
        assert source.read(harness.name, version=first.version).reveal() == "one"

    def test_a_version_that_never_was_is_not_found(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "one")
        with pytest.raises((NotFound, Malformed)):
            source.read(harness.name, version="999999")

    # Failures

    def test_throttling_is_throttled_and_then_fine(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "value")
        with arranged():
            harness.throttle(1)
        with pytest.raises(Throttled):
            source.read(harness.name)
        assert source.read(harness.name).reveal() == "value"

    def test_a_slow_answer_is_unavailable_once_its_time_is_up(
        self, harness: SourceHarness, source: Source
    ) -> None:
        harness.put(harness.name, "value")
        with arranged():
            harness.slow(30.0)
        with pytest.raises(Transient):
            source.read(harness.name, timeout=0.2)
        harness.restore()
        assert source.read(harness.name).reveal() == "value"

    def test_a_refused_connection_is_unavailable(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "value")
        with arranged():
            harness.refuse()
        with pytest.raises(Unavailable):
            source.read(harness.name, timeout=5.0)
        outcomes = batch(source, [harness.name, f"{harness.name}-other"])
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
        harness.restore()
        assert source.read(harness.name).reveal() == "value"

    def test_half_an_answer_is_unavailable(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "value")
        with arranged():
            harness.break_off()
        with pytest.raises(Unavailable):
            source.read(harness.name, timeout=5.0)
        harness.restore()
        assert source.read(harness.name).reveal() == "value"

    def test_garbage_is_malformed_and_not_quoted(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "value")
        with arranged():
            harness.garble(harness.name)
        with pytest.raises((Malformed, Unavailable)) as caught:
            source.read(harness.name, timeout=5.0)
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None

    def test_no_failure_says_a_value(self, harness: SourceHarness, source: Source) -> None:
        planted = "planted-7c1e-value"
        harness.put(harness.name, planted)
        source.read(harness.name)
        failures: list[object] = []
        for version in ("999999", "no such version"):
            try:
                source.read(harness.name, version=version)
            except SecretError as error:
                failures += [error, error.__context__, error.__cause__, error.args]
        assert planted not in repr(failures)
        assert planted not in repr(source) + source.url

    # Life

    def test_a_closed_source_may_be_used_again(self, harness: SourceHarness, source: Source) -> None:
        harness.put(harness.name, "value")
        source.read(harness.name)
        source.close()
        source.close()
        assert source.read(harness.name).reveal() == "value"

    def test_after_a_fork_it_reads_on(self, harness: SourceHarness, source: Source) -> None:
        """Called here without a fork; a source may only forget, so it must work all the same."""
        harness.put(harness.name, "value")
        source.read(harness.name)
        source.after_fork()
        assert source.read(harness.name).reveal() == "value"

    def test_several_threads_may_read_at_once(self, harness: SourceHarness, source: Source) -> None:
        names = [f"{harness.name}-{number}" for number in range(8)]
        for name in names:
            harness.put(name, f"value of {name}")
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda name: source.read(name).reveal(), names * 4))
        assert found == [f"value of {name}" for name in names * 4]

    # Through the loader

    def test_a_rotation_is_seen_within_the_ttl(self, harness: SourceHarness) -> None:
        clock = ManualClock()
        harness.put(harness.name, "one")
        changes: list[Any] = []
        with Secrets(harness.open(), ttl=10, clock=clock, refresh=False) as secrets:
            assert secrets.get(harness.name).reveal() == "one"
            secrets.on_change(harness.name, changes.append)
            harness.put(harness.name, "two")
            clock.advance(10)
            assert secrets.get(harness.name).reveal() == "two"
            assert secrets.refresh(harness.name).reveal() == "two"
        assert [(change.old.reveal(), change.new.reveal()) for change in changes] == [("one", "two")]

    def test_concurrent_misses_are_one_read(self, harness: SourceHarness) -> None:
        harness.put(harness.name, "value")
        barrier = threading.Barrier(16)
        with Secrets(Slowed(harness.open())) as secrets, arranged():
            before = harness.reads()

            def read() -> str:
                barrier.wait()
                return secrets.get(harness.name).reveal()

            with ThreadPoolExecutor(16) as pool:
                found = [each.result() for each in [pool.submit(read) for _ in range(16)]]
            assert found == ["value"] * 16
            assert harness.reads() - before == 1

    def test_an_outage_is_bridged_and_ends(self, harness: SourceHarness) -> None:
        clock = ManualClock()
        harness.put(harness.name, "one")
        with Secrets(harness.open(), ttl=10, max_stale=60, deadline=2, clock=clock, refresh=False) as secrets:
            secrets.get(harness.name)
            with arranged():
                harness.refuse()
            clock.advance(11)
            assert secrets.get(harness.name).reveal() == "one"
            clock.advance(50)
            with pytest.raises(Transient):
                secrets.get(harness.name)
            harness.restore()
            harness.put(harness.name, "two")
            assert secrets.get(harness.name).reveal() == "two"

    def test_what_is_removed_is_not_served_from_the_cache(self, harness: SourceHarness) -> None:
        clock = ManualClock()
        harness.put(harness.name, "one")
        with Secrets(harness.open(), ttl=10, max_stale=3600, clock=clock, refresh=False) as secrets:
            secrets.get(harness.name)
            with arranged():
                harness.remove(harness.name)
            clock.advance(10)
            with pytest.raises(NotFound):
                secrets.get(harness.name)


class Slowed:
    """A source whose reads take long enough for other threads to come along."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.url = source.url
        self.blocking = True

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        threading.Event().wait(0.2)
        return self._source.read(name, version=version, timeout=timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def batch(source: Source, names: list[str]) -> list[object]:
    """The outcomes of a batch; a failure of the whole batch is the failure of each."""
    try:
        return list(source.read_many(names, timeout=5.0).values())
    except SecretError as error:
        return [error] * len(names)


@contextmanager
def arranged() -> Iterator[None]:
    """Skips the test when the harness cannot arrange what stands in the block."""
    missing = False
    try:
        yield
    except NotImplementedError:
        missing = True
    if missing:
        pytest.skip("the harness cannot arrange this")
