"""Lengths, patterns and URL schemes of values that hide themselves."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, SecretStr, StringConstraints

from wellkept import Secret, Settings, SettingsError
from wellkept.settings import Url
from wellkept.testing.fake import FakeSource


def reason(annotation: Any, value: str | bytes) -> str | None:
    """Why ``value`` is refused, ``None`` when it is not."""
    cls = type("One", (Settings,), {"__annotations__": {"field": annotation}})
    try:
        cls.load(FakeSource({"FIELD": value}))
    except SettingsError as error:
        return error.problems[0].reason
    return None


@pytest.mark.parametrize("kind", [str, SecretStr, Secret, Secret | None])
def test_the_usual_constraints_work_whatever_type_holds_the_text(kind: Any) -> None:
    annotation = Annotated[kind, Field(min_length=4, max_length=6, pattern="^k_")]
    assert reason(annotation, "k_ab") is None
    assert reason(annotation, "k_a") == "should have at least 4 characters"
    assert reason(annotation, "k_abcde") == "should have at most 6 characters"
    assert reason(annotation, "xxxxx") == "should match pattern '^k_'"


@pytest.mark.parametrize("kind", [SecretStr, Secret])
def test_grouped_constraints_work_too(kind: Any) -> None:
    annotation = Annotated[kind, StringConstraints(min_length=2, pattern="^a")]
    assert reason(annotation, "ab") is None
    assert reason(annotation, "a") == "should have at least 2 characters"


def test_other_annotations_beside_constraints_are_kept() -> None:
    annotation = Annotated[Secret, Field(min_length=2), Url("https")]
    assert reason(annotation, "https://host/x") is None
    assert reason(annotation, "http://host/x") == "URL scheme should be 'https'"
    assert reason(annotation, "x") == "should have at least 2 characters"


def test_a_subclass_checks_what_its_parent_declared() -> None:
    class Base(Settings):
        field: Annotated[Secret, Field(min_length=5)]

    class Derived(Base):
        other: str = ""

    with pytest.raises(SettingsError):
        Derived.load(FakeSource({"FIELD": "four"}))


@pytest.mark.parametrize("kind", [str, SecretStr, Secret, Secret | None])
def test_a_url_keeps_its_text_and_must_have_one_of_the_schemes(kind: Any) -> None:
    class One(Settings):
        field: Annotated[kind, Url("postgres", "postgresql")]  # type: ignore[valid-type]

    text = "postgresql://u:p@a,b:5433/db?x=1"
    held = One.load(FakeSource({"FIELD": text})).field
    assert getattr(held, "get_secret_value", getattr(held, "reveal", lambda: held))() == text
    assert reason(One.model_fields["field"].rebuild_annotation(), "mysql://h/db") == (
        "URL scheme should be 'postgres' or 'postgresql'"
    )


def test_a_url_without_schemes_takes_any() -> None:
    assert reason(Annotated[Secret, Url()], "anything://host") is None
    assert reason(Annotated[Secret, Url()], "nothing") == "should be a URL: relative URL without a base"


def test_binary_is_refused_where_text_has_rules() -> None:
    assert reason(Annotated[Secret, Field(min_length=1)], b"\xff") == ("should be a valid string")
    assert reason(Secret, b"\xff") is None
