"""``.env.example``: what stands in it, what must not, and that it works once it is filled in."""

from __future__ import annotations

import datetime
import enum
import io
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from dotenv import dotenv_values
from pydantic import Field, HttpUrl, PostgresDsn, SecretStr

from wellkept import From, Secret, Settings, SettingsError
from wellkept.settings import Url, example
from wellkept.testing.fake import FakeSource

if TYPE_CHECKING:
    from pathlib import Path


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Database(Settings):
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 5432


class App(Settings, prefix="APP_"):
    url: Annotated[
        Secret, Url("postgres", "postgresql"), Field(description="Where orders live.\n\nAnd users.")
    ]
    database: Database
    replica: Database | None = None
    password: Annotated[Secret, From("billing/database#password")]
    primary: Annotated[Database, From("billing/primary")]
    level: Level = Level.LOW
    hosts: tuple[str, ...] = ("a", "b c")
    dollar: str = "${HOME}"


def test_the_example_of_a_class() -> None:
    assert example(App) == (
        "# What App needs. Copy this file to .env, and keep that out of version control.\n"
        "# Fill in what has no '#' in front; a name with nothing after the '=' is empty text, not a missing one.\n"
        "\n"
        "# Where orders live.\n"
        "#\n"
        "# And users.\n"
        "# required; URL that begins with postgres:// or postgresql://\n"
        "APP_URL=\n"
        "\n"
        "# required; text\n"
        "APP_DATABASE_HOST=\n"
        "\n"
        "# optional; whole number; at least 1; at most 65535\n"
        "#APP_DATABASE_PORT=5432\n"
        "\n"
        "# optional, but required with anything else of replica; text\n"
        "#APP_REPLICA_HOST=\n"
        "\n"
        "# optional; whole number; at least 1; at most 65535\n"
        "#APP_REPLICA_PORT=5432\n"
        "\n"
        "# required; text\n"
        "# in a store: billing/database#password\n"
        "BILLING_DATABASE_PASSWORD=\n"
        "\n"
        "# required; JSON object with host, optionally port\n"
        "# in a store: billing/primary\n"
        "BILLING_PRIMARY=\n"
        "\n"
        "# optional; one of: low, high\n"
        "#APP_LEVEL=low\n"
        "\n"
        "# optional; list, as JSON or as a,b,c\n"
        '#APP_HOSTS=\'["a", "b c"]\'\n'
        "\n"
        "# optional; text\n"
        '#APP_DOLLAR="${WELLKEPT_DOLLAR:-$}{HOME}"\n'
    )


@pytest.mark.parametrize(
    ("annotation", "hint"),
    [
        (
            Annotated[str, Field(min_length=2, max_length=4, pattern="^a$")],
            "text; at least 2 characters; at most 4 characters; matching ^a$",
        ),
        (Annotated[Secret, Field(min_length=2)], "text; at least 2 characters"),
        (Annotated[SecretStr, Field(pattern="^sk_")], "text; matching ^sk_"),
        (Annotated[float, Field(gt=0.5, lt=1.5)], "number; more than 0.5; less than 1.5"),
        (bool, "true or false"),
        (Literal["a", 1], "one of: a, 1"),
        (Literal["only"], "one of: only"),
        (int | str, "whole number or text"),
        (int | None, "whole number"),
        (dict[str, int], "JSON object"),
        (HttpUrl, "URL that begins with http:// or https://"),
        (PostgresDsn, "URL that begins with postgres:// or postgresql://"),
        (Annotated[str, Url()], "URL"),
        (datetime.date, "date, YYYY-MM-DD"),
    ],
)
def test_types_and_constraints_become_hints(annotation: Any, hint: str) -> None:
    cls = type("One", (Settings,), {"__annotations__": {"field": annotation}})
    assert f"\n# required; {hint}\nFIELD=\n" in example(cls)


def test_defaults_that_are_or_hold_secrets_are_not_shown() -> None:
    class Held(Settings):
        wrapped: Secret = Secret("planted-1")
        theirs: SecretStr = SecretStr("planted-2")
        url: PostgresDsn = Field(default="postgres://user:planted-3@host/db")
        text_url: str = "amqp://user:planted-4@host"
        made: str = Field(default_factory=lambda: "planted-5")
        plain: str = "shown"

    text = example(Held)
    assert "planted" not in text
    assert "#PLAIN=shown\n" in text
    for name in ("WRAPPED", "THEIRS", "URL", "TEXT_URL", "MADE"):
        assert f"#{name}=\n" in text


def test_a_pattern_cannot_end_the_comment() -> None:
    class Odd(Settings):
        a: Annotated[str, Field(pattern="^x\nINJECTED=1")]

    assert dotenv_values(stream=io.StringIO(example(Odd))).keys() == {"A"}


def test_only_what_is_required_is_set_in_a_copy_and_it_is_what_a_load_asks_for() -> None:
    names = dotenv_values(stream=io.StringIO(example(App))).keys()
    with pytest.raises(SettingsError) as caught:
        App.load(FakeSource())
    assert list(names) == [
        problem.name.replace("/", "_").replace("#", "_").upper() for problem in caught.value.problems
    ]


def test_an_example_that_is_filled_in_loads(tmp_path: Path) -> None:
    filled = example(App)
    for name, value in {
        "APP_URL": "postgres://h/db",
        "APP_DATABASE_HOST": "h",
        "BILLING_DATABASE_PASSWORD": "p",
        "BILLING_PRIMARY": '\'{"host": "x"}\'',
    }.items():
        filled = filled.replace(f"\n{name}=\n", f"\n{name}={value}\n")
    (tmp_path / ".env").write_text(filled)
    settings = App.load(f"dotenv:{tmp_path}/.env")
    assert (settings.password.reveal(), settings.primary.host) == ("p", "x")


def test_defaults_that_are_uncommented_give_the_defaults(tmp_path: Path) -> None:
    class Defaults(Settings):
        level: Level = Level.LOW
        hosts: tuple[str, ...] = ("a", "b c")
        dollar: str = "${HOME} 'and' \"more\" # x"
        wait: datetime.timedelta = datetime.timedelta(seconds=90)
        number: float = 0.5
        yes: bool = True

    text = "".join(
        line.removeprefix("#")
        for line in example(Defaults).splitlines(keepends=True)
        if "=" in line and not line.startswith("# ")
    )
    (tmp_path / ".env").write_text(text)
    loaded = Defaults.load(f"dotenv:{tmp_path}/.env")
    assert loaded.model_fields_set == set(Defaults.model_fields)
    assert loaded.model_dump() == Defaults().model_dump()


def test_the_class_that_takes_empty_for_missing_says_so() -> None:
    class Strict(Settings, empty_is_missing=True):
        a: str

    assert "counts as missing" in example(Strict)
