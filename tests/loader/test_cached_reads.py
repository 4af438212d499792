import threading

import pytest

from wellkept.errors import ConfigError, InvalidRequest, NotFound


def test_a_value_is_read_once_and_handed_out_until_the_ttl(source, opened, clock):
    secrets = opened(source, ttl=10, clock=clock, refresh=False)
    assert secrets.get("name").reveal() == "one"
    source.values["name"] = "two"
    clock.advance(9.999)
    assert secrets.get("name").reveal() == "one"
    assert source.reads == ["name"]
    clock.advance(0.001)
    assert secrets.get("name").reveal() == "two"
    assert source.reads == ["name", "name"]


def test_a_ttl_of_zero_reads_each_time(source, opened, clock):
    secrets = opened(source, ttl=0, clock=clock)
    for _ in range(3):
        secrets.get("name")
    assert source.reads == ["name"] * 3


def test_a_max_stale_below_the_ttl_shortens_the_ttl(source, opened, clock):
    secrets = opened(source, ttl=300, max_stale=60, clock=clock, refresh=False)
    secrets.get("name")
    clock.advance(60)
    secrets.get("name")
    assert len(source.reads) == 2


def test_square_brackets_read_as_get_does(source, opened):
    assert opened(source)["name"].reveal() == "one"


def test_the_secret_carries_its_name_even_where_the_source_forgot_it(source, opened):
    from wellkept.secret import Secret

    source.values["name"] = Secret("one", version="7", source="elsewhere:", created=5.0)
    secret = opened(source).get("name")
    assert (secret.name, secret.version, secret.source, secret.created) == ("name", "7", "elsewhere:", 5.0)


def test_a_missing_secret_raises_and_is_none_only_where_that_was_asked_for(source, opened):
    secrets = opened(source)
    with pytest.raises(NotFound):
        secrets.get("absent")
    assert secrets.get_optional("absent") is None
    assert secrets.get_optional("name").reveal() == "one"


def test_an_empty_value_is_a_value(source, opened):
    source.values["name"] = ""
    secrets = opened(source)
    assert secrets.get("name").reveal() == ""
    assert secrets.get_optional("name").reveal() == ""


@pytest.mark.parametrize("name", ["", "#field", "name#", 7, None, b"name"])
def test_what_is_no_name_is_refused(source, opened, name):
    with pytest.raises(InvalidRequest):
        opened(source).get(name)
    assert source.reads == []


@pytest.mark.parametrize(
    "options",
    [
        {"ttl": -1},
        {"ttl": float("inf")},
        {"ttl": float("nan")},
        {"ttl": True},
        {"ttl": "300"},
        {"max_stale": -1},
        {"max_stale": None},
        {"deadline": 0},
        {"deadline": float("inf")},
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(source, opened, options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        opened(source, **options)


def test_a_cached_read_waits_for_no_lock(source, opened):
    secrets = opened(source, refresh=False)
    secrets.get("name")
    held, finish = threading.Event(), threading.Event()

    def hold():
        with secrets._cache.lock:
            held.set()
            finish.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    try:
        assert secrets.get("name").reveal() == "one"
        assert not finish.is_set()
    finally:
        finish.set()
        holder.join()


def test_what_was_read_is_known_to_the_redactors(source, opened):
    from wellkept.redaction.known import DEFAULT

    source.values["name"] = "Qz9x-8d1f7c02-planted-Kw4t"
    secret = opened(source).get("name")
    assert secret in DEFAULT


def test_names_that_are_never_found_do_not_pile_up(source, opened):
    secrets = opened(source, refresh=False)
    secrets.get("name")
    for number in range(5000):
        secrets.get_optional(f"absent-{number}")
    assert len(secrets._cache.cells) <= 4096
    assert secrets.get("name").reveal() == "one"
