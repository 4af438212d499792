import json
import subprocess
import sys

import pytest

pytest.importorskip("pydantic")

SETTINGS = """
import wellkept

class AppSettings(wellkept.Settings):
    database_url: wellkept.Secret
    workers: int = 4
"""


@pytest.fixture
def app(shop, monkeypatch):
    shop.write("settings_of_a_test.py", SETTINGS)
    yield shop
    sys.modules.pop("settings_of_a_test", None)


CLASS = "settings_of_a_test:AppSettings"


def test_valid_settings_pass(app):
    app.ok("set", "DATABASE_URL", stdin="postgres://u:hunter2@h/d")
    result = app.ok("check", CLASS)
    assert "hunter2" not in result.out + result.err
    assert app.ok("check", CLASS, "--json").json["ok"] is True


def test_every_problem_is_said_at_once_with_exit_code_78_and_no_value(app):
    app.ok("set", "WORKERS", stdin="hunter2")
    result = app("check", CLASS)
    assert result.code == 78
    assert "DATABASE_URL" in result.err
    assert "WORKERS" in result.err
    assert len(result.err.splitlines()) >= 4, "a table"
    assert "hunter2" not in result.err
    as_json = app("check", CLASS, "--json")
    assert as_json.code == 78
    assert {problem["name"] for problem in as_json.json["problems"]} == {"DATABASE_URL", "WORKERS"}
    assert "hunter2" not in as_json.out


def test_another_environment_is_checked_by_itself(app):
    app.ok("set", "DATABASE_URL", stdin="x")
    app.ok("check", CLASS)
    assert app("check", CLASS, "--env", "prod").code == 78


def test_without_a_class_every_secret_must_be_readable(shop):
    shop.ok("set", "A", stdin="x")
    assert "1 secrets" in shop.ok("check").out
    shop.ok("set", "OLD", "--expires", "2020-01-01", stdin="x")
    result = shop("check", "--json")
    assert result.code == 78
    assert [problem["name"] for problem in result.json["problems"]] == ["OLD"]


@pytest.mark.parametrize("dotted", ["nowhere:Class", "settings_of_a_test:Nothing", "json:dumps"])
def test_a_class_that_is_none_is_said(app, dotted):
    result = app("check", dotted)
    assert result.code in (2, 78)
    assert result.err.startswith("wellkept: ")


def test_example_and_schema(app):
    text = app.ok("example", CLASS).out
    assert "DATABASE_URL=" in text
    assert "WORKERS" in text
    schema = json.loads(app.ok("example", CLASS, "--schema").out)
    assert "properties" in schema


def test_without_pydantic_what_to_install_is_said(shop):
    shop.write("settings_of_a_test.py", SETTINGS)
    code = (
        "import sys; sys.modules['pydantic'] = None\n"
        "from wellkept.cli import main\n"
        f"sys.exit(main(['check', {CLASS!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert "pip install 'wellkept[settings]'" in done.stderr
