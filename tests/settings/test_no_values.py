"""No part of a failed load holds a value: not its texts, not the frames that error trackers look into, not its chain."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import logging
import uuid
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
import sentry_sdk
from pydantic import (
    AfterValidator,
    AnyUrl,
    Base64Str,
    BeforeValidator,
    ByteSize,
    Field,
    HttpUrl,
    ImportString,
    IPvAnyAddress,
    Json,
    PostgresDsn,
    SecretBytes,
    SecretStr,
    ValidationError,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from wellkept import Denied, ManualClock, Secret, Settings, SettingsError, Unavailable
from wellkept.settings import Url

if TYPE_CHECKING:
    from collections.abc import Callable

PLANTED = "Zq7-kX9w!vB2#mN4"
"""No piece of four characters of it stands in any code or message."""


class Mode(enum.Enum):
    ON = "on"


def quotes(value: Any) -> Any:
    text = value.reveal() if isinstance(value, Secret) else str(value)
    raise ValueError(f"refused {text!r}, which begins with {text[:4]} and is {text.upper()} in capitals")


def asserts(value: str) -> str:
    assert value.startswith("x"), f"{value} does not start with x"
    return value


def crashes(value: str) -> str:
    return {}[value]  # type: ignore[no-any-return]


def raises_type_error(value: str) -> str:
    raise TypeError(f"cannot take {value}")


def custom(value: str) -> str:
    raise PydanticCustomError("house_rule", "{value} is against the rules", {"value": value})


def wraps(value: str, handler: Any) -> Any:
    try:
        return int(value)
    except ValueError as error:
        raise ValueError(f"wrapped: {error}") from error


class Inner(Settings):
    number: int
    word: str = "x"


REFUSING: dict[str, Any] = {
    "int": int,
    "bounded": Annotated[int, Field(ge=10)],
    "float": float,
    "decimal": decimal.Decimal,
    "bool": bool,
    "literal": Literal["a", "b"],
    "enum": Mode,
    "pattern": Annotated[str, Field(pattern="^never$")],
    "short": Annotated[str, Field(max_length=3)],
    "secret_short": Annotated[Secret, Field(max_length=3)],
    "secret_pattern": Annotated[Secret, Field(pattern="^never$")],
    "secretstr_short": Annotated[SecretStr, Field(max_length=3)],
    "secretbytes_short": Annotated[SecretBytes, Field(max_length=3)],
    "url": AnyUrl,
    "http": HttpUrl,
    "dsn": PostgresDsn,
    "own_url": Annotated[Secret, Url("https")],
    "uuid": uuid.UUID,
    "date": datetime.date,
    "datetime": datetime.datetime,
    "time": datetime.time,
    "timedelta": datetime.timedelta,
    "ip": IPvAnyAddress,
    "bytesize": ByteSize,
    "importable": ImportString,
    "json": Json[list[int]],
    "base64": Base64Str,
    "list": list[int],
    "dict": dict[str, int],
    "object": Inner,
    "union": int | list[int] | Literal["a"],
    "validator": Annotated[str, AfterValidator(quotes)],
    "secret_validator": Annotated[Secret, AfterValidator(quotes)],
    "asserting": Annotated[str, AfterValidator(asserts)],
    "crashing": Annotated[str, AfterValidator(crashes)],
    "type_error": Annotated[str, BeforeValidator(raises_type_error)],
    "custom": Annotated[str, AfterValidator(custom)],
    "wrapping": Annotated[int, WrapValidator(wraps)],
}


def one_field(annotation: Any) -> type[Settings]:
    return type("One", (Settings,), {"__annotations__": {"field": annotation}})


def failure(cls: type[Settings], source: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        cls.load(source, clock=ManualClock())
    return caught.value


def assert_nothing_of(planted: str, texts: list[str]) -> None:
    assert texts
    pieces = {planted[at : at + 4].casefold() for at in range(len(planted) - 3)}
    for text in texts:
        assert not [piece for piece in pieces if piece in text.casefold()], text


def test_the_search_finds_what_pydantics_own_error_gives_away(
    texts_of: Callable[[BaseException], list[str]],
) -> None:
    with pytest.raises(ValidationError) as caught:
        one_field(int).model_validate({"field": PLANTED})
    assert PLANTED not in str(caught.value)
    assert any(PLANTED in text for text in [*texts_of(caught.value), str(caught.value.errors())])


@pytest.mark.parametrize("kind", [kind for kind in REFUSING if kind != "object"])
def test_a_refused_value_is_nowhere_in_the_error(
    kind: str, held: Any, texts_of: Callable[[BaseException], list[str]]
) -> None:
    error = failure(one_field(REFUSING[kind]), held({"FIELD": PLANTED}))
    assert [problem.field.partition("[")[0] for problem in error.problems] == ["field"]
    assert_nothing_of(PLANTED, [*texts_of(error), str(error.errors()), error.json(), str(error.problems)])
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize(
    "content",
    [
        f'{{"{PLANTED}": 1}}',
        f'{{"{PLANTED}": "{PLANTED}"}}',
        f'{{"number": "{PLANTED}", "word": 5}}',
        f'{{"{PLANTED}": {PLANTED}}}',
        f'["{PLANTED}"]',
        f'[{{"number": "{PLANTED}"}}]',
        f'"{PLANTED}"',
        PLANTED,
    ],
)
@pytest.mark.parametrize(
    "annotation",
    [
        dict[str, dict[str, int]],
        dict[Annotated[str, Field(max_length=3)], int],
        list[dict[str, int]],
        list[Inner],
        dict[str, Inner],
        int | dict[str, list[int]],
    ],
)
def test_nothing_of_a_json_value_not_even_its_keys_is_in_the_error(
    annotation: Any, content: str, held: Any, texts_of: Callable[[BaseException], list[str]]
) -> None:
    error = failure(one_field(annotation), held({"FIELD": content}))
    assert_nothing_of(PLANTED, [*texts_of(error), error.json()])


def test_values_that_were_accepted_are_nowhere_in_the_error_either(
    held: Any, texts_of: Callable[[BaseException], list[str]]
) -> None:
    class App(Settings):
        good: str
        list_of_good: list[str]
        inner: Inner
        bad: int

    source = held({"GOOD": PLANTED, "LIST_OF_GOOD": PLANTED, "INNER_WORD": PLANTED, "BAD": "x"})
    assert_nothing_of(PLANTED, texts_of(failure(App, source)))


def test_the_class_as_a_whole_may_refuse_and_quote(
    held: Any, texts_of: Callable[[BaseException], list[str]]
) -> None:
    class App(Settings):
        key: str

        @model_validator(mode="after")
        def consistent(self) -> App:
            raise ValueError(f"the key {self.key} does not fit")

    class Crashing(Settings):
        key: str

        @model_validator(mode="before")
        @classmethod
        def consistent(cls, data: Any) -> Any:
            raise RuntimeError(data)

    for cls, reason in (
        (App, "the key … does not fit"),
        (Crashing, "is not acceptable to consistent (RuntimeError)"),
    ):
        error = failure(cls, held({"KEY": PLANTED}))
        assert_nothing_of(PLANTED, texts_of(error))
        assert [(p.field, p.reason) for p in error.problems] == [("", reason)]


def test_a_value_that_stands_in_the_validators_code_is_not_repeated(held: Any) -> None:
    def refuse(value: str) -> str:
        if value == "changeme":
            raise ValueError("changeme is not a password")
        return value

    error = failure(one_field(Annotated[str, AfterValidator(refuse)]), held({"FIELD": "changeme"}))
    assert error.problems[0].reason == "is not acceptable to refuse (ValueError)"


def test_a_global_that_a_validator_quotes_is_not_repeated(held: Any) -> None:
    def refuse(value: str) -> str:
        raise ValueError(f"expected {PLANTED}")

    error = failure(one_field(Annotated[str, AfterValidator(refuse)]), held({"FIELD": "other"}))
    assert error.problems[0].reason == "expected …"


def test_a_validator_cannot_spell_a_value_out_of_short_texts(held: Any) -> None:
    def refuse(value: str) -> str:
        names = {"a": "a", "b": "b", "c": "c", "d": "d"}
        raise ValueError("".join(names[letter] for letter in value))

    error = failure(one_field(Annotated[str, AfterValidator(refuse)]), held({"FIELD": "dabcd"}))
    assert error.problems[0].reason == "is not acceptable to refuse (ValueError)"


def test_a_validators_own_words_are_kept_and_what_it_put_in_is_not(held: Any) -> None:
    def refuse(value: str) -> str:
        raise ValueError("must have a digit, and {} has none (see %s)".format(value))  # noqa: UP032

    error = failure(one_field(Annotated[str, AfterValidator(refuse)]), held({"FIELD": PLANTED}))
    assert error.problems[0].reason == "must have a digit, and … has none (see …"


@pytest.mark.parametrize("failing", [Denied, Unavailable])
def test_values_read_before_a_failed_read_are_nowhere_in_the_error(
    failing: Any, held: Any, texts_of: Callable[[BaseException], list[str]]
) -> None:
    class App(Settings):
        good: str
        bad: str = "default"

    source = held({"GOOD": PLANTED, "BAD": failing("no", name="BAD", source="held:")})
    assert_nothing_of(PLANTED, texts_of(failure(App, source)))


def test_values_given_in_hand_are_not_in_the_error_of_our_frames(
    texts_of: Callable[[BaseException], list[str]],
) -> None:
    class App(Settings):
        number: int
        word: Annotated[str, AfterValidator(quotes)]
        good: str

    with pytest.raises(SettingsError) as caught:
        App(number=PLANTED, word=PLANTED, good=PLANTED, **{PLANTED: 1})  # type: ignore[arg-type, call-arg]
    assert_nothing_of(PLANTED, texts_of(caught.value))
    assert [problem.field for problem in caught.value.problems] == ["number", "word", ""]


async def test_an_asynchronous_load_keeps_values_out_too(
    held: Any, texts_of: Callable[[BaseException], list[str]]
) -> None:
    with pytest.raises(SettingsError) as caught:
        await one_field(int).aload(held({"FIELD": PLANTED}))
    assert_nothing_of(PLANTED, texts_of(caught.value))


def test_sentry_with_locals_reports_a_failed_load_without_a_value(held: Any) -> None:
    reported: list[Any] = []

    def keep(event: Any, hint: Any) -> None:
        reported.append(event)

    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        before_send=keep,
        default_integrations=False,
        include_local_variables=True,
        max_value_length=100_000,
    )
    try:
        for kind in REFUSING:
            if kind != "object":
                sentry_sdk.capture_exception(failure(one_field(REFUSING[kind]), held({"FIELD": PLANTED})))
    finally:
        sentry_sdk.init()
    assert len(reported) == len(REFUSING) - 1
    assert "'vars':" in str(reported)
    assert_nothing_of(PLANTED, [json.dumps(event, default=repr) for event in reported])


def test_a_log_of_the_error_with_its_traceback_has_no_value(
    held: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class App(Settings):
        number: int

        @field_validator("number", mode="before")
        @classmethod
        def decode(cls, value: str) -> int:
            return int(value)

    try:
        App.load(held({"NUMBER": PLANTED}))
    except SettingsError:
        logging.getLogger("app").exception("cannot start")
    assert "cannot start" in caplog.text
    assert_nothing_of(PLANTED, [caplog.text])
