"""Nested data: every place that can hold text is looked at, and the work is bounded."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellkept.redaction.known import Known
from wellkept.redaction.redactor import FAILED, Redactor
from wellkept.redaction.tree import TOO_DEEP, TOO_LARGE, redact_tree
from wellkept.secret import Secret

Make = Callable[..., Redactor]
VALUE = "s3cret-value"
Point = namedtuple("Point", "x y")


class Holder:
    def __init__(self, inside: Any) -> None:
        self.inside = inside

    def __repr__(self) -> str:
        return f"Holder({self.inside!r})"


class Sly:
    def __repr__(self) -> str:
        return "<Sly>"

    def __str__(self) -> str:
        return VALUE


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (VALUE, "[redacted:x]"),
        (VALUE.encode(), b"[redacted:x]"),
        ({"a": f"x {VALUE}"}, {"a": "x [redacted:x]"}),
        ({VALUE: 1}, {"[redacted:x]": 1}),
        ({(1, VALUE): 1}, {(1, "[redacted:x]"): 1}),
        ([1, (VALUE, None)], [1, ("[redacted:x]", None)]),
        ({VALUE, 5}, {"[redacted:x]", 5}),
        (Point(1, VALUE), Point(1, "[redacted:x]")),
        (OrderedDict(a=[VALUE]), {"a": ["[redacted:x]"]}),
        (Holder(VALUE), "Holder('[redacted:x]')"),
        (Sly(), "<Sly>"),
        (ValueError(VALUE), "ValueError('[redacted:x]')"),
    ],
)
def test_a_value_is_found_wherever_it_stands(knowing: Make, given: Any, expected: Any) -> None:
    assert redact_tree(knowing(x=VALUE), given) == expected


def test_numbers_that_are_secrets_are_hidden(knowing: Make) -> None:
    tree = {"pin": 90210417, "port": 5432, "ratio": 0.5}
    assert redact_tree(knowing(x="90210417"), tree) == {"pin": "[redacted:x]", "port": 5432, "ratio": 0.5}


TELLING = """
password DB_PASSWORD dbPassword passwd passphrase secret client_secret apiKey x-api-key private_key credentials
aws_secret_access_key access_token refreshToken Authorization Cookie
"""


@pytest.mark.parametrize("name", TELLING.split())
def test_a_telling_name_hides_whatever_it_holds(knowing: Make, name: str) -> None:
    for value in ("plain", "'plain'", ["plain"], 1234, b"plain"):
        clean = redact_tree(knowing(), {name: value})
        assert "plain" not in repr(clean)
        assert "1234" not in repr(clean)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_count", "1500"),
        ("key", "user:1234:profile"),
        ("token", "identifier"),
        ("secretary", "Bob"),
        ("compass", "north"),
        ("password", None),
        ("password", ""),
        ("password", "***"),
        ("password", "None"),
        ("password_file", "/run/secrets/db"),
        ("tokens", 15),
        ("author", "me"),
    ],
)
def test_other_names_and_placeholders_are_left_alone(knowing: Make, name: str, value: Any) -> None:
    tree = {name: value}
    assert redact_tree(knowing(), tree) is tree


def test_a_tree_without_secrets_comes_back_as_the_same_object(knowing: Make) -> None:
    tree = {"a": [1, "two", (3.0, None, True)], "b": {"c": {4, 5}}, "s": Secret(VALUE), "h": Holder("x")}
    assert redact_tree(knowing(x=VALUE), tree) is tree


def test_two_keys_that_are_secrets_keep_their_values(knowing: Make) -> None:
    clean = redact_tree(
        knowing({"x": "first-value", "y": "other-value"}), {"first-value": 1, "other-value": 2}
    )
    assert sorted(clean.values()) == [1, 2]
    same = redact_tree(knowing(x="same-value"), {"same-value": 1, b"same-value".decode() + " ": 2})
    assert len(same) == 2


def test_depth_is_bounded_and_nothing_below_it_is_shown(knowing: Make) -> None:
    tree: Any = VALUE
    for _ in range(100):
        tree = [tree]
    shown = repr(redact_tree(knowing(x=VALUE), tree))
    assert VALUE not in shown
    assert TOO_DEEP in shown


def test_cycles_and_huge_trees_end_and_show_nothing(knowing: Make) -> None:
    cycle: dict[str, Any] = {"value": VALUE}
    cycle["self"] = [cycle, cycle]
    shown = repr(redact_tree(knowing(x=VALUE), cycle, nodes=5_000))
    assert VALUE not in shown
    wide = redact_tree(knowing(x=VALUE), {str(n): VALUE for n in range(1_000)}, nodes=100)
    assert VALUE not in repr(wide)
    assert TOO_LARGE in wide


def test_an_object_that_cannot_be_looked_at_is_not_passed_on(knowing: Make) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError(VALUE)

    assert redact_tree(knowing(x=VALUE), {"a": Broken(), "b": 1}) == {"a": FAILED, "b": 1}


leaves = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(VALUE) | st.just(VALUE.encode())
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3) | st.just(VALUE), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


@given(trees)
def test_no_tree_shows_the_value_afterwards(tree: Any) -> None:
    known = Known()
    known.remember(Secret(VALUE, name="x"))
    clean = redact_tree(Redactor(known), tree)
    assert VALUE not in repr(clean)
    assert (clean is tree) == (VALUE not in repr(tree))
