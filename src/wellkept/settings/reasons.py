"""Why pydantic refused, in words that cannot hold the value.

Pydantic's own messages are passed on only for the kinds of error whose message is made from the class alone.
What a validator written by the user says is rebuilt from the texts that stand in its code: whatever was put
into them at run time becomes an ellipsis. Anything else is named by its type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from pydantic_core import ErrorDetails

_MADE_FROM_THE_CLASS = frozenset(
    """
    string_type string_unicode string_too_short string_too_long string_pattern_mismatch string_not_ascii
    bytes_type bytes_too_short bytes_too_long bool_type bool_parsing int_type int_parsing int_parsing_size
    int_from_float float_type float_parsing finite_number decimal_type decimal_parsing decimal_max_digits
    decimal_max_places decimal_whole_digits complex_type complex_str_parsing fraction_type fraction_parsing
    greater_than greater_than_equal less_than less_than_equal multiple_of enum literal_error none_required
    too_short too_long list_type tuple_type set_type frozen_set_type dict_type deque_type model_type
    model_attributes_type dataclass_type dataclass_exact_type named_tuple_type set_item_not_hashable
    extra_forbidden missing is_instance_of is_subclass_of callable_type json_type
    date_type date_past date_future date_from_datetime_inexact time_type datetime_type datetime_past
    datetime_future timezone_naive timezone_aware time_delta_type uuid_type uuid_version url_type url_too_long
    url_scheme union_tag_not_found recursion_loop recursion_depth_exceeded default_factory_not_called
    ip_any_address ip_any_interface ip_any_network ip_v4_address ip_v6_address ip_v4_network ip_v6_network
    ip_v4_interface ip_v6_interface pattern_type pattern_str_type pattern_bytes_type pattern_regex path_type
    path_not_file path_not_directory path_not_socket path_exists parent_does_not_exist byte_size
    payment_card_number_digits payment_card_number_luhn
    """.split()  # noqa: SIM905 - a column of a hundred lines reads worse
)
"""Kinds of error whose message pydantic makes from the field's declaration."""

_OWN_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "holds a name that none of its fields has",
    "json_invalid": "is not valid JSON",
    "bytes_invalid_encoding": "is not encoded as expected",
    "date_parsing": "should be a date, YYYY-MM-DD",
    "date_from_datetime_parsing": "should be a date, YYYY-MM-DD",
    "time_parsing": "should be a time, HH:MM:SS",
    "datetime_parsing": "should be a date and time, YYYY-MM-DDTHH:MM:SS",
    "datetime_from_date_parsing": "should be a date and time, YYYY-MM-DDTHH:MM:SS",
    "datetime_object_invalid": "should be a date and time, YYYY-MM-DDTHH:MM:SS",
    "time_delta_parsing": "should be a duration, [D day[s],] HH:MM:SS or ISO 8601",
    "timezone_offset": "should be in another time zone",
    "url_parsing": "should be a URL",
    "url_syntax_violation": "should be a URL",
    "uuid_parsing": "should be a UUID",
    "union_tag_invalid": "is of a kind that is not among those expected",
    "import_error": "should be the dotted name of something importable",
    "zoneinfo_str": "should be the name of a time zone",
    "byte_size_unit": "should be a number of bytes with a known unit",
    "bytes_invalid_utf8": "should be UTF-8",
}
"""For kinds whose message quotes the input, or a piece of it."""

_URL_FAULTS = frozenset(
    (
        "empty host",
        "invalid international domain name",
        "invalid port number",
        "invalid IPv4 address",
        "invalid IPv6 address",
        "invalid domain character",
        "relative URL without a base",
        "relative URL with a cannot-be-a-base base",
    )
)
"""The fixed texts of the URL parser (https://docs.rs/url, ``ParseError``)."""

_ELLIPSIS = "…"
_PLACEHOLDER = re.compile(r"%[-+ #0-9.*]*[a-zA-Z]|%\([^)]*\)[a-zA-Z]|\{[^{}]*\}")
_SHORTEST_PIECE = 3
"""Shorter texts of the code might put a value together letter by letter."""


def reason_of(error: ErrorDetails) -> str:
    """The reason for one of pydantic's errors."""
    kind = error["type"]
    context = error.get("ctx", {})
    cause = context.get("error")
    if kind in ("value_error", "assertion_error"):
        if not isinstance(cause, BaseException):
            # Pydantic's e-mail types use this kind with a message that quotes.
            return "is not acceptable"
        return raised(cause, _texts_in(error.get("input")))
    if kind == "url_parsing" and cause in _URL_FAULTS:
        return f"should be a URL: {cause}"
    if kind in _OWN_WORDS:
        return _OWN_WORDS[kind]
    if kind not in _MADE_FROM_THE_CLASS:
        return f"is not acceptable ({kind})"
    # The length found is part of these messages; it would tell the length of a password.
    message = re.sub(r" after validation, not \S+$|, unable to .*$", "", error["msg"])
    if context.get("field_type") == "Value":
        message = message.replace(" item", " character")
    return re.sub(r"^(?:[\w ]*?[Ii]nput|String|Data|Value) (?=should )", "", message)


def raised(error: BaseException, values: Iterable[str]) -> str:
    """The reason for an exception that a validator raised while it looked at ``values``."""
    name = type(error).__name__
    message = ""
    if isinstance(error, (ValueError, AssertionError)):
        message = _rebuilt(str(error), _code_texts(error.__traceback__))
    if message and not any(_holds(message, value) for value in values):
        return message
    function = first_function(error.__traceback__)
    return f"is not acceptable to {function} ({name})" if function else f"is not acceptable ({name})"


def _rebuilt(message: str, texts: Iterable[str]) -> str:
    """``message`` with everything that does not stand in ``texts`` replaced by an ellipsis; "" if nothing is left."""
    known = [False] * len(message)
    for text in sorted(texts, key=len, reverse=True):
        at = message.find(text)
        while at >= 0:
            if not any(known[at : at + len(text)]):
                known[at : at + len(text)] = [True] * len(text)
            at = message.find(text, at + 1)
    shown = "".join(letter if is_known else "\0" for letter, is_known in zip(message, known, strict=True))
    shown = " ".join(re.sub("\0+", _ELLIPSIS, shown).split())
    return shown if any(letter.isalnum() for letter in shown) else ""


def _code_texts(traceback: TracebackType | None) -> set[str]:
    """The texts that stand in the code of the functions that the exception came through. Not those of their
    globals: a global may have been read from the environment."""
    found: set[str] = set()
    while traceback is not None:
        for constant in traceback.tb_frame.f_code.co_consts:
            if isinstance(constant, str):
                found.update(_PLACEHOLDER.split(constant))
        traceback = traceback.tb_next
    return {text for text in found if len(text) >= _SHORTEST_PIECE}


def first_function(traceback: TracebackType | None) -> str:
    """The user's function: the outermost frame that is neither ours nor pydantic's."""
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in ("wellkept", "pydantic", "pydantic_core", "pydantic_settings"):
            return traceback.tb_frame.f_code.co_name
        traceback = traceback.tb_next
    return ""


def _holds(message: str, value: str) -> bool:
    """Whether a text of the code happens to be the value, or to hold it."""
    value = value.strip().casefold()
    if len(value) >= 4:
        return value in message.casefold()
    return bool(value) and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", message.casefold()) is not None


def _texts_in(value: Any) -> list[str]:
    """Every text in what was validated; not the keys, which are the fields' names most of the time."""
    from ..secret import Secret

    if isinstance(value, Secret):
        return [value.reveal_bytes().decode("utf-8", "replace")]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts_in(item)]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [text for item in value for text in _texts_in(item)]
    if isinstance(value, bytes):
        return [value.decode("utf-8", "replace")]
    return [] if value is None or isinstance(value, bool) else [str(value)]
