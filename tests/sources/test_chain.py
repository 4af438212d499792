import pytest

from wellkept.errors import ConfigError, Denied, Malformed, NotFound, Throttled, Unavailable
from wellkept.secret import Secret
from wellkept.sources.base import BaseSource
from wellkept.sources.chain import ChainSource
from wellkept.sources.env import EnvSource
from wellkept.sources.registry import open_source


class Fixed(BaseSource):
    """Holds ``values``; fails with ``failure`` for everything else, or ``NotFound``."""

    def __init__(self, url, values, failure=None, versions=None):
        self.url = url
        self.values = values
        self.failure = failure
        self.versions = versions or {}
        self.asked = []
        self.timeouts = []
        self.closed = self.forked = 0

    def read(self, name, *, version=None, timeout=None):
        self.asked.append(name)
        self.timeouts.append(timeout)
        values = self.values if version is None else self.versions.get(version, {})
        if name in values:
            return Secret(values[name], name=name, source=self.url)
        raise self.failure or NotFound("none", name=name, source=self.url)

    def close(self):
        self.closed += 1

    def after_fork(self):
        self.forked += 1


def test_the_first_that_has_it_answers():
    first, second = Fixed("one:", {"a": "1"}), Fixed("two:", {"a": "2", "b": "2"})
    chain = ChainSource([first, second])
    assert chain.read("a").reveal() == "1"
    assert chain.read("b").reveal() == "2"
    assert chain.read("b").source == "two:"
    assert second.asked == ["b", "b"]


def test_what_is_nowhere_says_where_it_was_sought():
    with pytest.raises(NotFound, match="'x' is in none of: one: > two:"):
        ChainSource([Fixed("one:", {}), Fixed("two:", {})]).read("x")


@pytest.mark.parametrize(
    "failure",
    [Denied("no"), Unavailable("down"), Throttled("later"), Malformed("what?")],
    ids=lambda error: type(error).__name__,
)
def test_only_an_absence_passes_the_question_on(failure):
    second = Fixed("two:", {"a": "2"})
    chain = ChainSource([Fixed("one:", {}, failure), second])
    with pytest.raises(type(failure)):
        chain.read("a")
    assert isinstance(chain.read_many(["a"])["a"], type(failure))
    assert second.asked == []


def test_a_batch_asks_each_source_for_what_is_still_missing():
    first, second = Fixed("one:", {"a": "1"}), Fixed("two:", {"a": "2", "b": "2"})
    outcomes = ChainSource([first, second]).read_many(["b", "a", "c"])
    assert list(outcomes) == ["b", "a", "c"]
    assert [outcomes["a"].reveal(), outcomes["b"].reveal()] == ["1", "2"]
    assert isinstance(outcomes["c"], NotFound)
    assert second.asked == ["b", "c"]


def test_a_version_belongs_to_the_source_that_has_the_secret_now():
    first = Fixed("one:", {"a": "1"})
    second = Fixed("two:", {"a": "2", "b": "2"}, versions={"previous": {"a": "old 2", "b": "old b"}})
    chain = ChainSource([first, second])
    with pytest.raises(NotFound, match="one: has no version 'previous'"):
        chain.read("a", version="previous")
    assert chain.read("b", version="previous").reveal() == "old b"


def test_time_is_shared_among_the_sources():
    first, second = Fixed("one:", {}), Fixed("two:", {"a": "2"})
    ChainSource([first, second]).read("a", timeout=5.0)
    assert 4 < second.timeouts[0] <= first.timeouts[0] <= 5
    ChainSource([first, second]).read("a")
    assert second.timeouts[1] is None


def test_names_with_a_field_are_asked_of_flat_sources_only():
    stern = Fixed("stern:", {}, failure=Denied("odd name"))
    chain = ChainSource([stern, EnvSource(environ={"DB_PASSWORD": "p"})])
    assert chain.flat
    assert chain.read("db#password").reveal() == "p"
    assert chain.read_many(["db#password"])["db#password"].reveal() == "p"
    assert stern.asked == []


def test_it_blocks_when_any_of_them_does():
    env = EnvSource(environ={})
    assert not ChainSource([env, env]).blocking
    assert ChainSource([env, Fixed("one:", {})]).blocking


def test_lists_closes_and_forgets_all():
    first, second = EnvSource(environ={"A": "1", "B": "1"}), EnvSource(environ={"B": "2", "C": "2"})
    assert ChainSource([first, second]).list() == ["A", "B", "C"]
    one, two = Fixed("one:", {}), Fixed("two:", {})
    chain = ChainSource([one, two])
    chain.close()
    chain.after_fork()
    assert (one.closed, two.closed, one.forked, two.forked) == (1, 1, 1, 1)
    with pytest.raises(ConfigError):
        chain.list()


def test_a_list_of_urls_is_a_chain_and_one_of_one_is_not(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("A=file\nB=file\n")
    monkeypatch.setenv("A", "environment")
    monkeypatch.delenv("B", raising=False)
    chain = open_source(["env:", "dotenv:.env"], base=str(tmp_path))
    assert (chain.read("a").reveal(), chain.read("b").reveal()) == ("environment", "file")
    assert isinstance(open_source(["env:"]), EnvSource)
    for wrong in ([], [7], 7, None):
        with pytest.raises(ConfigError):
            open_source(wrong)
