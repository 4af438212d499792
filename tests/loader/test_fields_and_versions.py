import pytest

from wellkept.errors import Denied, Malformed, NotFound, Unavailable
from wellkept.secret import Secret


@pytest.fixture
def database(scripted):
    return scripted({"database": '{"user": "u", "password": "p", "port": 5432, "a#b": "odd"}'})


def test_a_field_is_a_secret_of_its_own(database, opened):
    secrets = opened(database)
    assert secrets.get("database#password").reveal() == "p"
    assert secrets.get("database#port").reveal() == "5432"
    assert secrets.get("database#a#b").reveal() == "odd"
    assert secrets.get("database#password").name == "database#password"


def test_fields_of_one_secret_cost_one_read(database, opened):
    secrets = opened(database)
    secrets.get_many(["database#user", "database#password", "database"])
    secrets.get("database#port")
    assert database.reads == ["database"]


def test_a_cached_field_is_the_same_object_and_takes_no_slow_path(database, opened):
    secrets = opened(database, refresh=False)
    first = secrets.get("database#password")
    secrets._lookup = None
    assert secrets.get("database#password") is first


def test_a_field_changes_with_its_secret(database, opened):
    secrets = opened(database)
    secrets.get("database#password")
    database.values["database"] = '{"password": "q"}'
    secrets.refresh("database")
    assert secrets.get("database#password").reveal() == "q"
    with pytest.raises(NotFound, match="no field 'user'"):
        secrets.get("database#user")


def test_a_field_that_is_gone_is_not_served_from_the_cache(database, opened):
    secrets = opened(database)
    assert secrets.get("database#user").reveal() == "u"
    database.values["database"] = '{"password": "q"}'
    with pytest.raises(NotFound):
        secrets.refresh("database#user")
    with pytest.raises(NotFound):
        secrets.get("database#user")


def test_a_denied_secret_denies_its_fields(database, opened):
    secrets = opened(database)
    secrets.get("database#user")
    database.failure = Denied("no")
    with pytest.raises(Denied):
        secrets.refresh("database")
    with pytest.raises(Denied):
        secrets.get("database#user")


def test_a_stale_secret_bridges_its_fields(database, opened, clock):
    secrets = opened(database, ttl=10, max_stale=60, clock=clock, refresh=False)
    secrets.get("database#user")
    database.failure = Unavailable("down")
    clock.advance(11)
    assert secrets.get("database#user").reveal() == "u"
    assert secrets.age("database#user") >= 11


@pytest.mark.parametrize("value", ["no JSON with s3cret in it", "[1, 2]", '"text"', b"\xff\xfe"])
def test_a_field_of_what_is_no_json_object_is_malformed_and_says_no_value(scripted, opened, value):
    with pytest.raises(Malformed) as caught:
        opened(scripted({"name": value})).get("name#field")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_flat_source_may_hold_a_field_as_a_variable_of_its_own(opened, monkeypatch):
    monkeypatch.setenv("BILLING_DATABASE_PASSWORD", "flat")
    secrets = opened("env:")
    assert secrets.get("billing/database#password").reveal() == "flat"
    assert secrets.get("billing/database#password").name == "billing/database#password"
    monkeypatch.setenv("BILLING_DATABASE", '{"password": "json"}')
    assert secrets.refresh("billing/database#password").reveal() == "json"


def test_a_flat_field_is_cached_refreshed_watched_and_missed_like_any_other(opened, monkeypatch, clock):
    monkeypatch.setenv("DATABASE_PASSWORD", "one")
    secrets = opened("env:", ttl=10, clock=clock, refresh=False)
    changes = []
    secrets.get("database#password")
    secrets.on_change("database#password", changes.append)
    monkeypatch.setenv("DATABASE_PASSWORD", "two")
    assert secrets.get("database#password").reveal() == "one"
    assert secrets.age("database#password") == 0
    clock.advance(10)
    assert secrets.get("database#password").reveal() == "two"
    assert [(change.old.reveal(), change.new.reveal()) for change in changes] == [("one", "two")]
    monkeypatch.delenv("DATABASE_PASSWORD")
    with pytest.raises(NotFound, match="DATABASE_PASSWORD"):
        secrets.refresh("database#password")
    with pytest.raises(NotFound):
        secrets.get("database#password")


def test_other_sources_are_not_asked_for_names_with_a_field(database, opened):
    with pytest.raises(NotFound):
        opened(database).get("absent#field")
    assert database.reads == ["absent"]


def test_previous_is_the_sources(source, opened):
    source.versions["previous"] = {"name": "zero"}
    secrets = opened(source)
    assert secrets.previous("name").reveal() == "zero"
    assert secrets.get("name").reveal() == "one"
    secrets.previous("name")
    assert source.reads == ["name@previous", "name"]


def test_previous_is_what_was_before_a_rotation_seen_here_where_the_source_keeps_none(source, opened):
    secrets = opened(source)
    secrets.get("name")
    with pytest.raises(NotFound):
        secrets.previous("name")
    source.values["name"] = "two"
    secrets.refresh("name")
    assert secrets.previous("name").reveal() == "one"


async def test_previous_for_tasks_and_for_fields(scripted, opened):
    source = scripted({"name": '{"key": "one"}'})
    source.versions["previous"] = {"name": '{"key": "zero"}'}
    secrets = opened(source)
    assert (await secrets.aprevious("name#key")).reveal() == "zero"
    del source.versions["previous"]
    await secrets.aget("name")
    source.values["name"] = '{"key": "two"}'
    await secrets.arefresh("name")
    assert (await secrets.aprevious("name#key")).reveal() == "one"


def test_previous_of_a_field_that_is_a_variable(opened, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "one")
    secrets = opened("env:")
    secrets.get("database#password")
    monkeypatch.setenv("DATABASE_PASSWORD", "two")
    secrets.refresh("database#password")
    assert secrets.previous("database#password").reveal() == "one"


def test_a_rotation_makes_previous_be_read_again(source, opened):
    source.versions["previous"] = {"name": "zero"}
    secrets = opened(source)
    secrets.get("name")
    assert secrets.previous("name").reveal() == "zero"
    source.versions["previous"]["name"] = "one"
    source.values["name"] = "two"
    secrets.refresh("name")
    assert secrets.previous("name").reveal() == "one"


def test_who_may_not_read_the_current_one_is_not_handed_the_previous(source, opened):
    secrets = opened(source)
    secrets.get("name")
    source.values["name"] = "two"
    secrets.refresh("name")
    source.failure = Denied("no")
    with pytest.raises(Denied):
        secrets.refresh("name")
    source.failure = None
    with pytest.raises(NotFound):
        secrets.previous("name")


def test_a_binary_value_comes_as_it_is(scripted, opened):
    value = bytes(range(256))
    secret = opened(scripted({"name": value})).get("name")
    assert isinstance(secret, Secret)
    assert secret.is_binary
    assert secret.reveal_bytes() == value
