import pytest

from wellkept.errors import ConfigError, NotFound
from wellkept.sources.env import EnvSource
from wellkept.sources.names import env_candidates, env_name
from wellkept.sources.registry import open_source


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("DATABASE_URL", "DATABASE_URL"),
        ("database/password", "DATABASE_PASSWORD"),
        ("database#password", "DATABASE_PASSWORD"),
        ("billing/api-key.v2", "BILLING_API_KEY_V2"),
        ("größe", "GR__E"),
        ("ﬃ", "_"),
        ("2fa", "2FA"),
    ],
)
def test_a_name_becomes_a_variable_of_ascii_capitals_digits_and_underscores(name, variable):
    assert env_name(name) == variable


def test_a_prefix_stands_before_both_spellings_and_nothing_else_is_tried():
    assert env_candidates("db/user") == ("db/user", "DB_USER")
    assert env_candidates("db/user", "prod/app") == ("prod/app/db/user", "PROD_APP_DB_USER")
    assert env_candidates("DB", "") == ("DB",)


def test_the_exact_name_comes_first(monkeypatch):
    monkeypatch.setenv("lower", "exact")
    monkeypatch.setenv("LOWER", "mapped")
    assert open_source("env:").read("lower").reveal() == "exact"
    monkeypatch.delenv("lower")
    assert open_source("env:").read("lower").reveal() == "mapped"


def test_the_environment_is_read_as_it_is_at_the_moment(monkeypatch):
    source = open_source("env:")
    with pytest.raises(NotFound, match="LATER_ON"):
        source.read("later/on")
    monkeypatch.setenv("LATER_ON", "here")
    assert source.read("later/on").reveal() == "here"


def test_a_prefix_hides_everything_else():
    source = EnvSource(prefix="billing", environ={"BILLING_KEY": "yes", "KEY": "no", "BILLING_": "odd"})
    assert source.read("key").reveal() == "yes"
    assert source.list() == ["KEY"]
    with pytest.raises(NotFound):
        EnvSource(prefix="billing", environ={"KEY": "no"}).read("key")


def test_bytes_that_are_no_utf8_survive(monkeypatch):
    import os

    monkeypatch.setitem(os.environb, b"RAW", b"\xff\xfe")
    assert open_source("env:").read("RAW").reveal_bytes() == b"\xff\xfe"


@pytest.mark.parametrize("name", ["a\0b", "\udcff", "a=b", "größe"[2:3], "/"])
def test_a_name_that_no_environment_can_hold_is_not_found(name):
    with pytest.raises(NotFound):
        open_source("env:").read(name)


@pytest.mark.parametrize(
    "url", ["env:path", "env:?other=1", "env:?prefix=a//b", "env:?prefix=..", "env:?prefix"]
)
def test_what_makes_no_sense_is_refused(url):
    with pytest.raises(ConfigError):
        open_source(url)
