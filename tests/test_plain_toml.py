import tomllib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wellkept.cli.init import config_text
from wellkept.plain_toml import read_plain

PIECES = [
    "a", "b", "env", ".", "=", "[", "]", '"', "'", "\\", "#", "true", "false", "0", "1", "-1", '"x"', '"ü"', "\x01",
    "\x7f", "1.5", "[a]", "[a.b]", "[env.dev]", "{", "}", ",",
]  # fmt: skip
pieces = st.sampled_from(
    [*PIECES, " ", " = ", "\t", "\r", "\n", "\r\n", "\u2028", "\na = 1\n", '\nb = "y"\n']
)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(pieces, max_size=14).map("".join))
@example("[a]\n[a]\n")
@example("[a.b]\n[a]\nb = 1\n")
@example("a = 1\n[a]\n")
@example("a = 1\na = 1\n")
@example("[a]\r\nb = 1\r\n")
@example("a = 01\n")
@example('a = "\x00"\n')
@example("# \x00\n")
def test_what_is_read_is_what_tomllib_reads(text):
    plain = read_plain(text)
    if plain is not None:
        assert plain == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        config_text("shop", ".wellkept"),
        config_text("shop", "/srv/secrets/ü"),
        'default_env = "ci"\n\n[env.ci]\nsource = "env:"\nttl = 60\nrefresh = false\n',
        "",
        "# only a comment",
    ],
)
def test_what_a_configuration_usually_says_needs_no_tomllib(text):
    assert read_plain(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    ['a = ["x", "y"]', "a = 'x'", 'a = "\\n"', "a.b = 1", "a = 1 # why", "a = 1.5", "[[a]]", "nonsense"],
)
def test_anything_else_is_left_to_tomllib(text):
    assert read_plain(text) is None
