"""What an instance shows of itself."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, TypeAdapter, computed_field

from wellkept import From, Secret, Settings
from wellkept.testing.fake import FakeSource


class Database(Settings):
    host: str
    port: int = 5432
    password: Secret


class App(Settings):
    url: str
    pin: int
    tags: list[str]
    debug: bool
    mode: Literal["on", "off"]
    region: Annotated[str, From(public=True)]
    token: SecretStr
    key: Secret
    database: Database
    timeout: float = 1.5
    session: str = Field(default_factory=lambda: "made-up")
    maybe: Annotated[str | None, Field(serialization_alias="perhaps")] = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def dsn(self) -> str:
        return f"postgres://{self.database.password.reveal()}@{self.database.host}"


VALUES = {
    "URL": "planted-url",
    "PIN": "918273",
    "TAGS": '["planted-tag"]',
    "DEBUG": "true",
    "MODE": "on",
    "REGION": "eu-1",
    "TOKEN": "planted-token",
    "KEY": "planted-key",
    "DATABASE_HOST": "planted-host",
    "DATABASE_PASSWORD": "planted-password",
    "MAYBE": "planted-maybe",
}
APP = App.load(FakeSource(VALUES))

SHOWN = (
    "url=**********, pin=**********, tags=**********, debug=True, mode='on', region='eu-1', "
    "token=SecretStr('**********'), key=<Secret 'KEY', version='1'>, "
    "database=Database(host=**********, port=5432, password=<Secret 'DATABASE_PASSWORD', version='1'>), "
    "timeout=1.5, session=**********, maybe=**********, dsn=**********"
)


def test_repr_shows_defaults_and_choices_and_masks_what_was_read() -> None:
    assert repr(APP) == f"App({SHOWN})"
    assert "planted" not in str(APP)
    assert str(APP).startswith("url=********** pin=********** tags=********** debug=True mode='on'")


def test_json_masks_the_same() -> None:
    expected: dict[str, Any] = {
        "url": "**********",
        "pin": "**********",
        "tags": "**********",
        "debug": True,
        "mode": "on",
        "region": "eu-1",
        "token": "**********",
        "key": "**********",
        "database": {"host": "**********", "port": 5432, "password": "**********"},
        "timeout": 1.5,
        "session": "**********",
        "maybe": "**********",
        "dsn": "**********",
    }
    assert json.loads(APP.model_dump_json()) == expected
    assert APP.model_dump(mode="json") == expected
    assert json.loads(TypeAdapter(list[App]).dump_json([APP])) == [expected]


def test_json_masks_fields_under_their_aliases_and_when_only_some_are_wanted() -> None:
    assert json.loads(APP.model_dump_json(by_alias=True, include={"maybe", "debug"})) == {
        "perhaps": "**********",
        "debug": True,
    }


def test_python_dumps_have_the_values_for_those_who_pass_them_on() -> None:
    dumped = APP.model_dump()
    assert dumped["url"] == "planted-url"
    assert dumped["database"]["host"] == "planted-host"
    assert dumped["key"] is APP.key


def test_a_copy_and_a_comparison_show_nothing_either() -> None:
    copy = APP.model_copy(update={"url": "planted-again"})
    assert "planted" not in repr(copy)
    assert copy != APP
    assert App.load(FakeSource(VALUES)) == APP


def test_a_half_built_instance_can_be_printed() -> None:
    assert "planted" not in repr(App.__new__(App))
