"""What a settings class is filled with, and from where."""

from __future__ import annotations

import datetime
import enum
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    Json,
    PostgresDsn,
    RootModel,
    SecretBytes,
    SecretStr,
    ValidationError,
)

import wellkept
from wellkept import From, Secret, Settings, SettingsError
from wellkept.testing.fake import FakeSecrets, FakeSource


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Color(enum.StrEnum):
    RED = "red"


def loaded(annotation: Any, text: str | bytes, **options: Any) -> Any:
    """What a field with this annotation holds after it was read from ``text``."""
    fields = {"__annotations__": {"field": annotation}}
    return type("Loaded", (Settings,), fields, **options).load(FakeSource({"FIELD": text})).field


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (str, "text", "text"),
        (str, "", ""),
        (int, "12", 12),
        (float, "1.5", 1.5),
        (bool, "true", True),
        (bool, "off", False),
        (int | None, "12", 12),
        (Level, "2", Level.HIGH),
        (Color, "red", Color.RED),
        (Literal["a", "b"], "b", "b"),
        (Literal[1, 2], "2", 2),
        (Level | None, "1", Level.LOW),
        (bytes, b"\xff\x00", b"\xff\x00"),
        (list[str], '["a", "b"]', ["a", "b"]),
        (list[str], "a, b", ["a", "b"]),
        (list[int], "1,2", [1, 2]),
        (list[str], "", []),
        (list[str] | None, "a", ["a"]),
        (set[int], "[1, 1]", {1}),
        (tuple[int, str], '[1, "x"]', (1, "x")),
        (frozenset[str], "x", frozenset("x")),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (dict[str, list[int]] | None, '{"a": [1]}', {"a": [1]}),
        (str | list[str], "plain, text", "plain, text"),
        (str | list[str], '["a"]', ["a"]),
        (str | list[str], "[not json", "[not json"),
        (Json[list[int]], "[1, 2]", [1, 2]),
        (Annotated[list[str], BeforeValidator(lambda text: text.split(";"))], "a;b", ["a", "b"]),
        (RootModel[list[int]], "1,2", RootModel[list[int]]([1, 2])),
        (datetime.timedelta, "PT5M", datetime.timedelta(minutes=5)),
        (Path, "/etc", Path("/etc")),
    ],
)
def test_text_becomes_the_fields_type(annotation: Any, text: str | bytes, expected: Any) -> None:
    assert loaded(annotation, text) == expected


def test_a_secret_field_stays_wrapped_and_knows_where_it_came_from() -> None:
    secret = loaded(Secret, "value")
    assert (secret.reveal(), secret.name, secret.source, secret.version) == ("value", "FIELD", "fake:", "1")


def test_pydantics_own_secret_types_work() -> None:
    assert loaded(SecretStr, "value").get_secret_value() == "value"
    assert loaded(SecretBytes, b"\xff").get_secret_value() == b"\xff"


def test_urls_are_checked_by_pydantics_types() -> None:
    assert loaded(PostgresDsn, "postgres://u:p@h/db").scheme == "postgres"


def test_items_of_a_list_can_be_secrets() -> None:
    assert [item.reveal() for item in loaded(list[Secret], "a,b")] == ["a", "b"]


def test_a_validator_of_the_class_that_decodes_gets_the_text_as_it_came() -> None:
    from pydantic import field_validator

    class Decoding(Settings):
        hosts: list[str]

        numbers: list[int]

        @field_validator("*", mode="before")
        @classmethod
        def strip(cls, value: Any) -> Any:
            return value.strip() if isinstance(value, str) else value

        @field_validator("hosts", mode="before")
        @classmethod
        def split(cls, text: str) -> list[str]:
            return text.split("|")

    settings = Decoding.load(FakeSource({"HOSTS": "a,b|c", "NUMBERS": "1,2"}))
    assert (settings.hosts, settings.numbers) == (["a,b", "c"], [1, 2])


def test_names_come_from_fields_prefix_alias_or_reference() -> None:
    class Named(Settings, prefix="APP_"):
        plain: str
        aliased: Annotated[str, Field(validation_alias="Their-Name")]
        referred: Annotated[str, From("billing/database#password")]
        optional: Annotated[str, From("deep/er")] | None = None

    source = FakeSource(
        {
            "APP_PLAIN": "1",
            "Their-Name": "2",
            "billing/database": json.dumps({"password": "3"}),
            "deep/er": "4",
        }
    )
    settings = Named.load(source)
    assert (settings.plain, settings.aliased, settings.referred, settings.optional) == ("1", "2", "3", "4")


def test_a_subclass_inherits_the_prefix() -> None:
    class Base(Settings, prefix="APP_"):
        a: str

    class Derived(Base):
        b: str

    settings = Derived.load(FakeSource({"APP_A": "1", "APP_B": "2"}))
    assert (settings.a, settings.b) == ("1", "2")


def test_what_is_not_found_has_its_default() -> None:
    class Defaults(Settings):
        port: int = 80
        tags: list[str] = Field(default_factory=lambda: ["x"])
        nothing: str | None = None

    settings = Defaults.load(FakeSource())
    assert (settings.port, settings.tags, settings.nothing) == (80, ["x"], None)


def test_an_empty_text_is_a_value_and_not_a_missing_one() -> None:
    class Empty(Settings):
        greeting: str = "hello"

    assert Empty.load(FakeSource({"GREETING": ""})).greeting == ""


def test_where_the_class_says_so_an_empty_text_counts_as_missing() -> None:
    class Strict(Settings, empty_is_missing=True):
        greeting: str = "hello"
        key: Secret

    with pytest.raises(SettingsError) as caught:
        Strict.load(FakeSource({"GREETING": "", "KEY": ""}))
    assert [(p.field, p.reason) for p in caught.value.problems] == [("key", "is empty")]
    assert Strict.load(FakeSource({"GREETING": "", "KEY": "x"})).greeting == "hello"


class Database(Settings):
    host: str
    port: int = 5432
    password: Secret


def test_nested_settings_are_read_from_secrets_of_their_own() -> None:
    class App(Settings, prefix="APP_"):
        database: Database

    source = FakeSource({"APP_DATABASE_HOST": "h", "APP_DATABASE_PASSWORD": "p"})
    settings = App.load(source)
    assert (settings.database.host, settings.database.port) == ("h", 5432)
    assert settings.database.password.reveal() == "p"


def test_nested_settings_that_may_be_left_out_are_there_when_anything_of_them_is() -> None:
    class App(Settings):
        replica: Database | None = None

    assert App.load(FakeSource()).replica is None
    with pytest.raises(SettingsError) as caught:
        App.load(FakeSource({"REPLICA_HOST": "h"}))
    assert [p.field for p in caught.value.problems] == ["replica.password"]


def test_nested_settings_with_defaults_for_everything_need_no_secret() -> None:
    class Tuning(Settings):
        workers: int = 4

    class App(Settings):
        tuning: Tuning

    assert App.load(FakeSource()).tuning.workers == 4


def test_nested_settings_inside_optional_ones_are_missed_field_by_field() -> None:
    class Outer(Settings):
        name: str
        inner: Small

    class App(Settings):
        outer: Outer | None = None

    with pytest.raises(SettingsError) as caught:
        App.load(FakeSource({"OUTER_NAME": "n"}))
    assert [(p.field, p.name) for p in caught.value.problems] == [("outer.inner.key", "OUTER_INNER_KEY")]


def test_what_is_nested_in_optional_settings_does_not_call_them_into_being() -> None:
    class Outer(Settings):
        inner: Small

    class App(Settings):
        outer: Outer | None = None

    assert App.load(FakeSource()).outer is None


def test_nested_settings_may_be_one_json_secret() -> None:
    class App(Settings):
        database: Annotated[Database, From("billing/database")]

    content = json.dumps({"host": "h", "port": 1, "password": "p"})
    settings = App.load(FakeSource({"billing/database": content}))
    assert (settings.database.port, settings.database.password.reveal()) == (1, "p")


def test_a_list_of_nested_settings_is_read_as_json() -> None:
    class App(Settings):
        databases: list[Database]

    settings = App.load(FakeSource({"DATABASES": '[{"host": "h", "password": "p"}]'}))
    assert settings.databases[0].host == "h"


def test_forward_references_are_resolved_at_the_first_load() -> None:
    class App(Settings):
        later: Later

    class Later(Settings):
        x: int

    App.model_rebuild(_types_namespace={"Later": Later})
    assert App.load(FakeSource({"LATER_X": "1"})).later.x == 1


def test_everything_is_read_in_one_batch(held: Any) -> None:
    class App(Settings):
        a: str
        b: str = "x"
        host: Annotated[str, From("db#host")]
        port: Annotated[int, From("db#port")]

    source = held({"A": "1", "db": '{"host": "h", "port": 5}'})
    settings = App.load(source)
    assert (settings.host, settings.port) == ("h", 5)
    assert source.batches == [["A", "B", "db"]]
    assert source.single == []


class Small(Settings):
    key: Secret


def test_settings_load_from_secrets_that_are_open_already_and_leave_them_open() -> None:
    secrets = FakeSecrets({"KEY": "value"})
    assert Small.load(secrets).key is secrets.get("KEY")


def test_settings_load_from_a_url_or_a_chain_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEY", raising=False)
    (tmp_path / ".env").write_text("KEY=from-the-file\n")
    url = f"dotenv:{tmp_path}/.env"
    assert Small.load(url).key.reveal() == "from-the-file"
    monkeypatch.setenv("KEY", "from-the-environment")
    assert Small.load(["env:", url]).key.reveal() == "from-the-environment"


def test_settings_load_from_what_the_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env.ci").write_text("KEY=value\n")
    (tmp_path / "wellkept.toml").write_text('[env.ci]\nsource = "dotenv:.env.ci"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WELLKEPT_CONFIG", raising=False)
    assert Small.load(env="ci").key.reveal() == "value"


async def test_settings_load_in_an_event_loop(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEY=value\n")
    assert (await Small.aload(f"dotenv:{tmp_path}/.env")).key.reveal() == "value"
    with pytest.raises(SettingsError):
        await Small.aload(FakeSource())


def test_values_may_be_given_in_hand() -> None:
    settings = Database(host="h", password="p")  # type: ignore[arg-type]
    assert (settings.host, settings.password.reveal()) == ("h", "p")


def test_settings_are_frozen() -> None:
    settings = Small(key=Secret("x"))
    with pytest.raises(ValidationError):
        settings.key = Secret("y")


def test_a_source_that_cannot_be_opened_is_not_a_problem_of_a_field() -> None:
    with pytest.raises(wellkept.ConfigError) as caught:
        Small.load("nosuch:thing")
    assert not isinstance(caught.value, SettingsError)


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({"a": Annotated[str, From("x"), From("y")]}, "more than once"),
        (
            {"a": Annotated[str, Field(validation_alias=__import__("pydantic").AliasChoices("x", "y"))]},
            "AliasChoices",
        ),
        (
            {"a": type("Plain", (BaseModel,), {"__annotations__": {"x": str}})},
            "inherit from wellkept.Settings",
        ),
        ({"a": Small | Database}, "one class"),
        (
            {
                "a": Annotated[
                    type("N", (Settings,), {"__annotations__": {"x": Annotated[str, From("y")]}}), From("z")
                ]
            },
            "one JSON secret",
        ),
    ],
)
def test_a_class_that_cannot_be_read_is_refused_by_field(annotations: dict[str, Any], words: str) -> None:
    cls = type("Wrong", (Settings,), {"__annotations__": annotations})
    with pytest.raises(wellkept.ConfigError, match=words) as caught:
        cls.load(FakeSource())
    assert "Wrong.a" in str(caught.value)


@pytest.mark.parametrize("name", ["", "#field", "name#"])
def test_a_reference_to_nothing_is_refused(name: str) -> None:
    with pytest.raises(wellkept.ConfigError):
        From(name)
