import json

import pytest
from dotenv import dotenv_values

DOTENV = (
    "\ufeff# a comment\r\n"
    "PLAIN=value\r\n"
    "export EXPORTED=exported\r\n"
    "SINGLE='single # not a comment'\r\n"
    'DOUBLE="two\\nlines"\r\n'
    'MULTI="first\r\nsecond"\r\n'
    "REFERS=${PLAIN}/path\r\n"
    "COMMENTED=value # a comment\r\n"
    "UMLAUT=Käse\r\n"
    "lower_case=kept\r\n"
    "EMPTY=\r\n"
    "BARE\r\n"
)


def test_a_dotenv_file_comes_through_import_and_export_with_python_dotenvs_values(shop):
    path = shop.write(".env", DOTENV)
    expected = {name: value for name, value in dotenv_values(path).items() if value is not None}
    result = shop.ok("import", ".env")
    assert "dev/shop/BARE" in result.err
    shop.ok("export", "--out", "again.env")
    assert dict(dotenv_values(shop.directory / "again.env")) == expected


def test_a_malformed_line_is_named_by_number_and_nothing_is_imported(shop):
    shop.write(".env", "A=1\nB='hunter2\nC=3\n")
    result = shop("import", ".env")
    assert result.code == 65
    assert ".env: line 2" in result.err
    assert "hunter2" not in result.err
    assert shop.ok("list").out == ""


@pytest.mark.parametrize("content", ["A=1\nB/../C=2\n", "A=1\n'" + "x" * 300 + "'=2\n"])
def test_a_name_that_no_secret_can_have_stops_the_whole_import(shop, content):
    shop.write(".env", content)
    assert shop("import", ".env").code == 65
    assert shop.ok("list").out == ""


def test_a_value_above_the_limit_stops_the_whole_import(shop):
    shop.write(".env", "A=1\nB=" + "x" * (1024 * 1024 + 1))
    assert shop("import", ".env").code == 65
    assert shop.ok("list").out == ""


def test_what_is_there_already_is_skipped_and_what_changed_gets_a_version(shop):
    shop.write(".env", "A=1\nB=2\n")
    shop.ok("import", ".env")
    shop.write(".env", "A=1\nB=two\nC=3\n")
    data = shop.ok("import", ".env", "--json").json
    assert data["new"] == ["dev/shop/C"]
    assert data["changed"] == ["dev/shop/B"]
    assert data["unchanged"] == ["dev/shop/A"]
    assert len(shop.ok("history", "A", "--json").json) == 1
    assert len(shop.ok("history", "B", "--json").json) == 2


def test_a_dry_run_says_the_same_and_writes_nothing(shop):
    shop.write(".env", "A=1\nB=2\nBARE\n")
    result = shop.ok("import", ".env", "--dry-run")
    assert "new       dev/shop/A" in result.out
    assert "would be imported 2" in result.out
    assert shop.ok("list").out == ""


def test_another_environment(shop):
    shop.write("prod.env", "A=1\n")
    shop.ok("import", "prod.env", "--env", "prod")
    assert shop.ok("list").out == "prod/shop/A\n"


def test_objects_become_secrets_with_fields(shop):
    shop.write("s.json", json.dumps({"db": {"user": "u", "port": 1}, "n": 5, "list": [1], "none": None}))
    result = shop.ok("import", "s.json")
    assert "none" in result.err
    assert shop.ok("get", "db#user").out == "u\n"
    assert shop.ok("get", "n").out == "5\n"
    assert shop.ok("get", "list").out == "[1]\n"
    again = shop.ok("import", "s.json", "--json").json
    assert again["new"] == again["changed"] == []


def test_yaml_keeps_what_was_typed(shop):
    shop.write("s.yaml", "a: no\nb: 0755\nc: 2024-01-01\nd: {x: yes}\ne: !!binary /w==\n")
    shop.ok("import", "s.yaml")
    assert shop.ok("get", "a").out == "no\n"
    assert shop.ok("get", "b").out == "0755\n"
    assert shop.ok("get", "c").out == "2024-01-01\n"
    assert shop.ok("get", "d#x").out == "yes\n"
    assert shop.ok("get", "e", "--raw").bytes == b"\xff"


def test_toml(shop):
    shop.write("s.toml", 'a = "x"\n[db]\nport = 5432\n')
    shop.ok("import", "s.toml")
    assert shop.ok("get", "db#port").out == "5432\n"


def test_stdin_needs_a_format(shop):
    assert shop("import", "-", stdin="A=1\n").code == 2
    shop.ok("import", "-", "--format", "env", stdin="A=1\n")
    assert shop.ok("get", "A").out == "1\n"


def test_a_file_of_unknown_kind_or_none_at_all_is_said(shop):
    shop.write("x.ini", "A=1\n")
    assert shop("import", "x.ini").code == 78
    missing = shop("import", "no.env")
    assert missing.code == 74
    assert "no.env" in missing.err


def test_that_the_file_still_holds_the_secrets_is_said(shop):
    shop.write(".env", "A=1\n")
    assert "remove it" in shop.ok("import", ".env").err
