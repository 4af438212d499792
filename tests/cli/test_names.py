import pytest

from wellkept.cli.names import whole, with_field
from wellkept.cli.usage import Usage


@pytest.mark.parametrize(
    ("typed", "given", "name"),
    [
        ("DATABASE_URL", False, "dev/shop/DATABASE_URL"),
        ("prod/billing/db", False, "prod/billing/db"),
        ("/TOP", False, "TOP"),
        ("/prod/x", True, "prod/x"),
        ("billing/db", True, "dev/shop/billing/db"),
    ],
)
def test_a_name_is_made_whole_as_the_help_says(typed, given, name):
    assert whole(typed, "dev/shop", env_given=given) == name


def test_without_a_prefix_names_are_whole():
    assert whole("X", "") == "X"


def test_a_field_is_taken_off():
    assert with_field("db#password", "dev/shop") == ("dev/shop/db", "password")
    assert with_field("db", "dev/shop") == ("dev/shop/db", None)


@pytest.mark.parametrize("typed", ["db#", "#password"])
def test_half_a_field_is_refused(typed):
    with pytest.raises(Usage):
        with_field(typed, "dev/shop")


def test_commands_agree_on_names(shop, monkeypatch):
    shop.ok("set", "A", stdin="dev")
    shop.ok("set", "A", "--env", "prod", stdin="prod")
    shop.ok("set", "/top", stdin="top")
    assert shop.ok("get", "dev/shop/A").out == "dev\n"
    assert shop.ok("get", "prod/shop/A").out == "prod\n"
    assert shop.ok("get", "/top").out == "top\n"
    monkeypatch.setenv("WELLKEPT_ENV", "prod")
    assert shop.ok("get", "A").out == "prod\n"
    assert shop.ok("list").out.split() == ["dev/shop/A", "prod/shop/A", "top"]


def test_the_prefix_of_the_store_in_the_configuration_is_the_one_that_names_get(shop):
    config = shop.directory / "wellkept.toml"
    config.write_text(config.read_text() + '[env.prod]\nsource = "store:.wellkept?prefix=live/money"\n')
    shop.ok("set", "A", "--env", "prod", stdin="x")
    assert shop.ok("list").out.split() == ["live/money/A"]
    assert shop.ok("export", "--env", "prod").out == "A=x\n"


def test_the_store_is_found_from_below_and_by_option_and_variable(shop, monkeypatch):
    shop.ok("set", "A", stdin="x")
    below = shop.directory / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert shop.ok("get", "A").out == "x\n"
    monkeypatch.chdir(shop.home)
    assert shop("get", "A").code != 0
    assert shop.ok("get", "--store", str(shop.directory / ".wellkept"), "dev/shop/A").out == "x\n"
    monkeypatch.setenv("WELLKEPT_STORE", str(shop.directory / ".wellkept"))
    assert shop.ok("get", "dev/shop/A").out == "x\n"


def test_where_there_is_no_store_what_to_do_is_said(bare):
    for words in (["get", "A"], ["status"], ["list"], ["run", "--", "true"], ["export"]):
        result = bare(*words)
        assert result.code in (74, 78), words
        assert "wellkept init" in result.err
