"""What a failed load says, to people and to programs."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, SecretStr

from wellkept import (
    Denied,
    From,
    InvalidRequest,
    Malformed,
    ManualClock,
    NotFound,
    Secret,
    Settings,
    SettingsError,
    Throttled,
    Unavailable,
)
from wellkept.settings import Problem
from wellkept.settings.problems import report, table
from wellkept.testing.fake import FakeSource

if TYPE_CHECKING:
    from pathlib import Path


class Database(Settings):
    host: str
    port: Annotated[int, Field(le=65535)] = 5432


class App(Settings):
    database: Database
    key: Annotated[SecretStr, Field(min_length=8)]
    mode: Literal["on", "off"] = "on"
    password: Annotated[Secret, From("billing/database#password")]
    limits: list[dict[str, int]] = Field(default_factory=list)


def failure(cls: type[Settings], source: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        cls.load(source)
    return caught.value


def everything_wrong() -> SettingsError:
    values = {"DATABASE_PORT": "70000", "KEY": "short", "MODE": "maybe", "LIMITS": '[{}, {"a": "x"}]'}
    return failure(App, FakeSource(values))


def test_every_problem_is_reported_at_once_in_the_order_of_the_fields() -> None:
    assert everything_wrong().problems == (
        Problem("database.host", "DATABASE_HOST", "not found", "fake:"),
        Problem("database.port", "DATABASE_PORT", "should be less than or equal to 65535", "fake:"),
        Problem("key", "KEY", "should have at least 8 characters", "fake:"),
        Problem("mode", "MODE", "should be 'on' or 'off'", "fake:"),
        Problem("password", "billing/database#password", "not found", "fake:"),
        Problem("limits[1]", "LIMITS", "should be a valid integer", "fake:"),
    )


def test_the_error_reads_as_text_as_dictionaries_and_as_json() -> None:
    error = everything_wrong()
    assert str(error).splitlines()[:2] == [
        "App: 6 problems",
        "  database.host (DATABASE_HOST): not found [fake:]",
    ]
    first = {"field": "database.host", "name": "DATABASE_HOST", "reason": "not found", "where": "fake:"}
    assert error.errors()[0] == first
    assert json.loads(error.json())[0] == first
    assert error.exit_code == 78


def test_the_error_survives_pickling() -> None:
    error = everything_wrong()
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.problems) == (str(error), error.problems)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Denied("not for you", source="held:"), "access denied: not for you"),
        (Malformed("line 3 is wrong", source="held:"), "cannot be read: line 3 is wrong"),
        (Unavailable("down", source="held:"), "unavailable: down"),
        (Throttled("later", source="held:"), "throttled: later"),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_never_the_default(error: Any, reason: str, held: Any) -> None:
    class Defaulted(Settings):
        good: str = "x"
        optional: str | None = "default"

    with pytest.raises(SettingsError) as caught:
        Defaulted.load(held({"OPTIONAL": error, "GOOD": "y"}), clock=ManualClock())
    assert caught.value.problems == (Problem("optional", "OPTIONAL", reason, "held:"),)


def test_a_denied_part_of_optional_nested_settings_is_a_problem_too(held: Any) -> None:
    class Optional(Settings):
        database: Database | None = None

    error = failure(Optional, held({"DATABASE_HOST": Denied("no", source="held:")}))
    assert [problem.field for problem in error.problems] == ["database.host"]


def test_a_failed_read_does_not_hide_what_is_wrong_elsewhere(held: Any) -> None:
    class Two(Settings):
        first: str
        second: int

    error = failure(Two, held({"FIRST": Denied("no", source="held:"), "SECOND": "x"}))
    assert [problem.field for problem in error.problems] == ["first", "second"]


def test_a_source_that_fails_as_a_whole_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n'no assignment\n")
    error = failure(App, f"dotenv:{tmp_path}/.env")
    assert len(error.problems) == 1
    assert error.problems[0].field == ""
    assert "line 2" in error.problems[0].reason


def test_the_place_is_where_each_secret_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Two(Settings):
        first: int
        second: int
        third: int

    (tmp_path / ".env").write_text("FIRST=x\n")
    monkeypatch.setenv("SECOND", "y")
    monkeypatch.delenv("FIRST", raising=False)
    monkeypatch.delenv("THIRD", raising=False)
    file = f"dotenv:{tmp_path}/.env"
    error = failure(Two, ["env:", file])
    assert [problem.where for problem in error.problems] == [file, "env:", f"env: > {file}"]


def test_a_field_of_a_json_secret_that_is_no_json_is_named() -> None:
    error = failure(App, FakeSource({"DATABASE_HOST": "h", "KEY": "long enough", "billing/database": "text"}))
    assert [(p.field, p.name) for p in error.problems] == [("password", "billing/database#password")]
    assert error.problems[0].reason.startswith("cannot be read")


def test_binary_where_text_is_needed_is_named() -> None:
    class Text(Settings):
        a: str
        b: int

    error = failure(Text, FakeSource({"A": b"\xff", "B": b"\xfe"}))
    assert {problem.reason for problem in error.problems} == {"should be text, but is binary"}


def test_reasons_of_the_arms_of_a_union_make_one_problem() -> None:
    class Union(Settings):
        a: int | bool

    assert failure(Union, FakeSource({"A": "x"})).problems == (
        Problem("a", "A", "should be a valid integer or should be a valid boolean", "fake:"),
    )


def test_a_validator_that_crashes_does_not_hide_the_other_problems() -> None:
    def crash(value: str) -> str:
        raise KeyError(value)

    class Crashing(Settings):
        first: int
        second: Annotated[str, AfterValidator(crash)]
        third: Annotated[str, AfterValidator(crash)]
        fourth: int

    error = failure(Crashing, FakeSource({"FIRST": "x", "SECOND": "s", "THIRD": "t", "FOURTH": "y"}))
    assert [problem.field for problem in error.problems] == ["first", "second", "third", "fourth"]
    assert error.problems[1].reason == "is not acceptable to crash (KeyError)"


def test_names_that_are_no_fields_are_counted_but_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        Database(host="h", prot=1)  # type: ignore[call-arg]
    assert caught.value.problems == (Problem("", "", "holds a name that none of its fields has", ""),)


def test_an_impossible_name_is_the_classes_fault() -> None:
    class Odd(Settings):
        a: Annotated[str, Field(validation_alias="#")]

    with pytest.raises(InvalidRequest):
        Odd.load(FakeSource())


def test_the_table_is_aligned_and_plain() -> None:
    problems = [Problem("a", "LONG_NAME", "not found", "x:"), Problem("", "", "is odd", "")]
    assert table("App", problems) == (
        "App cannot be loaded: 2 problems\n"
        "\n"
        "  FIELD  SECRET     REASON     LOOKED IN\n"
        "  a      LONG_NAME  not found  x:\n"
        "  (all)             is odd\n"
    )


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def reported(stream: io.StringIO) -> str:
        report(everything_wrong(), stream)
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in reported(Terminal())
    assert "\x1b[" not in reported(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in reported(Terminal())


PROGRAM = """
import wellkept
class App(wellkept.Settings):
    key: wellkept.Secret
    port: int
settings = App.load_or_exit({origin!r})
print(settings.port)
"""


def run(origin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(origin=origin)], capture_output=True, text=True, check=False
    )


def test_load_or_exit_prints_the_table_and_ends_with_78(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=planted-value\n")
    origin = f"dotenv:{tmp_path}/.env"
    ended = run(origin)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr == (
        "App cannot be loaded: 2 problems\n"
        "\n"
        "  FIELD  SECRET  REASON                     LOOKED IN\n"
        f"  key    KEY     not found                  {origin}\n"
        f"  port   PORT    should be a valid integer  {origin}\n"
    )


def test_load_or_exit_goes_on_when_all_is_well(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=80\nKEY=k\n")
    ended = run(f"dotenv:{tmp_path}/.env")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "80\n", "")


def test_load_or_exit_ends_in_one_line_when_the_source_itself_is_wrong(tmp_path: Path) -> None:
    ended = run(f"store:{tmp_path}/none")
    assert ended.returncode == 78
    assert "Traceback" not in ended.stderr
    assert "there is no store" in ended.stderr


def test_not_found_is_told_from_an_empty_default(held: Any) -> None:
    class Required(Settings):
        a: str

    assert failure(Required, held({"A": NotFound("gone", source="held:")})).problems[0].reason == "not found"
