"""Secrets without a form of their own are told from everything that only looks like them."""

from __future__ import annotations

import pytest

from wellkept.scanning.examples import expand
from wellkept.scanning.generic import judge
from wellkept.scanning.generic.letters import RANDOM, likeness
from wellkept.scanning.generic.names import weigh
from wellkept.scanning.generic.placeholder import is_pattern, is_placeholder
from wellkept.scanning.rule import Rule

RULE = Rule("generic-password", "Password", "", "x", generic=True, confidence=0.92)


def score(before: str, value: str, after: str = "", path: str = "app/config.yml") -> float | None:
    secret = expand(value)
    return judge(RULE, secret, before.encode() + secret + after.encode(), path)


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ('password = "', "{16:alnum}", '"'),
        ("DB_PASSWORD=", "{12:pass}", ""),
        ('"client_secret": "', "{32:hex}", '",'),
        ("apiKey: '", "{24:url}", "',"),
        ('String adminPassword = "', "{10:alnum}", '";'),
        ("  :secret => '", "{40:alnum}", "',"),
    ],
)
def test_random_values_under_telling_names_are_found(before: str, value: str, after: str) -> None:
    found = score(before, value, after)
    assert found is not None
    assert found >= 0.5


@pytest.mark.parametrize(
    "value",
    [
        "changeme", "your-password-here", "<password>", "${DB_PASSWORD}", "{{ vault_password }}", "%(pw)s", "xxxxxxxx",
        "********", "$PASSWORD", "example-secret", "1234567890", "abcdefgh", "null", "None", "REPLACE_ME", "%ENV%",
        "...", "aaaaaaaaaaaa", "qwertyuiop", "abcabcabcabc", "insert-your-key", "TODO", "ENC[abc]", "__PASSWORD__",
    ],
)  # fmt: skip
def test_placeholders_are_no_secrets(value: str) -> None:
    assert is_placeholder(value.encode())
    assert score('password = "', value, '"') is None


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ('password_field = "', "{16:alnum}", '"'),
        ('public_key = "', "{40:alnum}", '"'),
        ('passwordHash = "', "$2b$12${53:alnum}", '"'),
        ('token_url = "', "https://id.acme.io/{20:alnum}", '"'),
        ('secret_path = "', "/run/secrets/{12:lower}", '"'),
        ('key_file: "', "certs/{10:lower}.pem", '"'),
        ('csrf_token = "', "{32:hex}", '"'),
        ('next_page_token: "', "{32:alnum}", '"'),
        ('password = get("', "{16:alnum}", '")'),
        ('password = os.environ["', "DB_PASSWORD", '"]'),
        ('error_password = "', "Your password is wrong", '"'),
        ('"password": "', "Passwort", '"'),
        ('password: "', "password", '"'),
        ('secretName: "', "{16:alnum}", '"'),
        ('"keyword": "', "{20:alnum}", '"'),
        ('AWS::Secret::Thing": "', "{16:hex}", '"'),
    ],
)
def test_names_and_values_that_only_sound_like_secrets_are_passed_over(
    before: str, value: str, after: str
) -> None:
    assert score(before, value, after) is None


@pytest.mark.parametrize("value", ["config.password", "getPassword()", "self.token", "$password", "user.pw"])
def test_expressions_of_code_are_no_values(value: str) -> None:
    assert score("password = ", value, path="app/login.py") is None


@pytest.mark.parametrize(
    "path",
    ["package-lock.json", "web/yarn.lock", "Cargo.lock", "go.sum", "logo.svg", "app.min.js", "app.js.map"],
)
def test_lock_files_images_and_built_files_hold_no_generic_secrets(path: str) -> None:
    assert score('password = "', "{20:alnum}", '"', path) is None


def test_tests_and_translations_count_for_less() -> None:
    plain, test = (
        score('password = "', "{20:alnum}", '"'),
        score('password = "', "{20:alnum}", '"', "tests/a.py"),
    )
    assert plain is not None
    assert test is not None
    assert test < plain
    translated = score('password = "', "{8:alnum}", '"', "locale/de.yml")
    assert translated is None or translated < plain


def test_a_value_in_quotes_counts_for_more_than_a_bare_one_in_prose() -> None:
    quoted, bare = (
        score('password: "', "{14:alnum}", '"', "a.md"),
        score("password: ", "{14:alnum}", "", "a.md"),
    )
    assert quoted is not None
    assert bare is None or bare < quoted


def test_words_look_like_language_and_lots_do_not() -> None:
    assert min(likeness(word) for word in (b"password", b"administrator", b"production", b"kubernetes")) > 3.5
    assert likeness(b"xkqzvwpj") < 2.0
    assert likeness(b"1234") == RANDOM


def test_repetition_counting_and_rows_of_the_keyboard_are_patterns() -> None:
    assert is_pattern(b"0123456789abcdef")
    assert is_pattern(b"xyxyxyxyxyxy")
    assert not is_pattern(expand("{24:alnum}"))


def test_the_last_telling_word_of_a_name_decides() -> None:
    assert weigh(b"DB_PASSWORD") == 1.0
    assert weigh(b"dbpassword") > 0.9
    assert weigh(b"api_key") > weigh(b"key")
    assert weigh(b"passwordField") == weigh(b"public_key") == weigh(b"token_type") == 0.0
