"""wellkept as a source of pydantic-settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from wellkept import Denied, From, ManualClock, Secret, SettingsError, Unavailable
from wellkept.settings import WellkeptSettingsSource, build
from wellkept.testing.fake import FakeSource

if TYPE_CHECKING:
    from collections.abc import Callable

PLANTED = "Zq7-kX9w!vB2#mN4"


class Database(BaseModel):
    host: str
    port: int = 5432


def with_source(source: Any, **config: Any) -> type[BaseSettings]:
    """``BaseSettings`` whose values come from the constructor, then the environment, then ``source``."""

    class Based(BaseSettings):
        model_config = SettingsConfigDict(**config)

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: Any, env_settings: Any, **others: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (
                init_settings,
                env_settings,
                WellkeptSettingsSource(settings_cls, source, clock=ManualClock()),
            )

    return Based


def test_fields_are_read_by_the_names_that_pydantic_settings_gives_them(held: Any) -> None:
    source = held(
        {
            "APP_NAME": "n",
            "APP_DATABASE__HOST": "h",
            "Alias": "a",
            "billing/database": '{"password": "p"}',
            "APP_TAGS": '["x"]',
        }
    )

    class App(with_source(source, env_prefix="app_", env_nested_delimiter="__")):  # type: ignore[misc]
        name: str
        database: Database
        aliased: Annotated[str, Field(alias="Alias")]
        password: Annotated[Secret, From("billing/database#password")]
        tags: list[str]
        missing: str = "default"

    settings = App()
    assert (settings.name, settings.database.host, settings.database.port) == ("n", "h", 5432)
    assert (settings.aliased, settings.password.reveal(), settings.tags) == ("a", "p", ["x"])
    assert settings.missing == "default"
    assert len(source.batches) == 1


def test_a_denied_or_unavailable_secret_is_never_the_default(held: Any) -> None:
    source = held({"FIRST": Denied("no", source="held:"), "SECOND": Unavailable("down", source="held:")})

    class App(with_source(source)):  # type: ignore[misc]
        first: str = "default"
        second: str = "default"
        third: str = "default"

    with pytest.raises(SettingsError) as caught:
        App()
    assert [(p.name, p.reason) for p in caught.value.problems] == [
        ("FIRST", "access denied: no"),
        ("SECOND", "unavailable: down"),
    ]


def test_what_a_source_with_precedence_gives_is_not_asked_for(
    held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = held({"FIRST": Denied("no", source="held:"), "THIRD": "t"})

    class App(with_source(source)):  # type: ignore[misc]
        first: str
        second: str
        third: str

    monkeypatch.setenv("SECOND", "from-the-environment")
    settings = App(first="given")
    assert (settings.first, settings.second, settings.third) == ("given", "from-the-environment", "t")
    assert source.batches == []
    assert source.single == ["THIRD"]


def test_build_raises_without_values_what_pydantic_raises_with_them(
    held: Any, texts_of: Callable[[BaseException], list[str]]
) -> None:
    def refuse(value: str) -> str:
        raise ValueError(f"{value} is refused")

    def crash(value: str) -> str:
        raise RuntimeError(value)

    class App(with_source(held({"NUMBER": PLANTED, "WORD": PLANTED, "GOOD": PLANTED}))):  # type: ignore[misc]
        number: int
        word: Annotated[str, AfterValidator(refuse)]
        good: str

    class Crashing(with_source(held({"WORD": PLANTED}))):  # type: ignore[misc]
        word: Annotated[str, AfterValidator(crash)]

    for cls, expected in (
        (App, [("number", "should be a valid integer"), ("word", "… is refused")]),
        (Crashing, [("", "is not acceptable to crash (RuntimeError)")]),
    ):
        with pytest.raises(SettingsError) as caught:
            build(cls)
        assert [(p.field, p.reason) for p in caught.value.problems] == expected
        assert not [text for text in texts_of(caught.value) if PLANTED[:4] in text]


def test_build_passes_on_what_is_wrong_with_reading(held: Any) -> None:
    class App(with_source(held({"A": Denied("no", source="held:")}))):  # type: ignore[misc]
        a: str = "default"

    with pytest.raises(SettingsError, match="access denied") as caught:
        build(App)
    assert caught.value.__context__ is None


def test_build_builds() -> None:
    class App(with_source(FakeSource({"A": "x"}))):  # type: ignore[misc]
        a: str
        b: int

    assert build(App, b=5).model_dump() == {"a": "x", "b": 5}
