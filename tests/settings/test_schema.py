"""The JSON schema of a settings class."""

from __future__ import annotations

import enum
import json
import warnings
from collections.abc import Callable  # noqa: TC003 - pydantic looks it up
from typing import Annotated, Literal

from pydantic import Field, PostgresDsn, SecretStr

from wellkept import From, Secret, Settings
from wellkept.settings import json_schema


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Database(Settings):
    host: str
    port: Annotated[int, Field(ge=1)] = 5432


class App(Settings, prefix="APP_"):
    """What the application needs."""

    key: Annotated[Secret, Field(min_length=8, pattern="^k", description="Signs cookies")]
    token: SecretStr | None = None
    name: str = "app"
    debug: bool = False
    level: Level = Level.LOW
    mode: Literal["a", None] = None
    region: Annotated[str, From(public=True)] = "eu"
    database: Database
    replica: Database | None = None
    user: Annotated[str, From("billing/database#user")] = "me"
    password: Annotated[Secret, From("billing/database#password")]
    primary: Annotated[Database, From("billing/primary")]


def test_properties_are_named_by_secrets_and_required_where_a_load_would_miss_them() -> None:
    schema = json_schema(App)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["description"]) == ("App", "What the application needs.")
    assert list(schema["properties"]) == [
        "APP_KEY",
        "APP_TOKEN",
        "APP_NAME",
        "APP_DEBUG",
        "APP_LEVEL",
        "APP_MODE",
        "APP_REGION",
        "APP_DATABASE_HOST",
        "APP_DATABASE_PORT",
        "APP_REPLICA_HOST",
        "APP_REPLICA_PORT",
        "billing/primary",
        "billing/database",
    ]
    assert schema["required"] == ["APP_KEY", "APP_DATABASE_HOST", "billing/database", "billing/primary"]


def test_secrets_are_write_only_passwords_and_choices_are_not() -> None:
    properties = json_schema(App)["properties"]
    assert properties["APP_KEY"] == {
        "type": "string",
        "format": "password",
        "writeOnly": True,
        "minLength": 8,
        "pattern": "^k",
        "description": "Signs cookies",
    }
    assert properties["APP_TOKEN"] == {"type": "string", "format": "password", "writeOnly": True}
    assert properties["APP_NAME"] == {
        "type": "string",
        "format": "password",
        "writeOnly": True,
        "default": "app",
    }
    assert properties["APP_DEBUG"] == {"type": "boolean", "default": False}
    assert properties["APP_REGION"] == {"type": "string", "default": "eu"}
    assert properties["APP_DATABASE_PORT"] == {
        "type": "integer",
        "minimum": 1,
        "default": 5432,
        "writeOnly": True,
    }
    assert None not in properties["APP_MODE"].get("enum", [])


def test_fields_of_one_json_secret_make_one_object() -> None:
    described = json_schema(App)["properties"]["billing/database"]
    assert described["required"] == ["password"]
    assert list(described["properties"]) == ["user", "password"]


def test_definitions_are_those_that_are_referred_to() -> None:
    schema = json_schema(App)
    assert list(schema["$defs"]) == ["Database", "Level"]
    assert schema["properties"]["APP_LEVEL"]["$ref"] == "#/$defs/Level"
    assert schema["properties"]["billing/primary"]["$ref"] == "#/$defs/Database"

    class Flat(Settings):
        database: Database

    assert "$defs" not in json_schema(Flat)


def test_two_fields_of_one_secret_must_both_be_satisfied() -> None:
    class Two(Settings):
        a: Annotated[str, From("x")]
        b: Annotated[int, From("x")]

    assert len(json_schema(Two)["properties"]["x"]["allOf"]) == 2


def test_no_default_that_is_or_holds_a_secret_and_no_warning_that_quotes_one() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "planted-5"

    class Held(Settings, arbitrary_types_allowed=True):
        wrapped: Secret = Secret("planted-1")
        theirs: SecretStr = SecretStr("planted-2")
        url: PostgresDsn = Field(default="postgres://user:planted-3@host/db")
        made: str = Field(default_factory=lambda: "planted-4")
        odd: Odd = Odd()
        call: Callable[[], int] | None = None

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = json.dumps(json_schema(Held))
    assert "planted" not in text
    assert "default" not in text
