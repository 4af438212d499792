"""``password=...`` and its kin: values that the name beside them gives away.

Two kinds of name. *Telling* ones (``password``, ``passphrase``, ``pwd``) hide whatever follows; *common*
ones (``token``, ``secret``, ``api_key``, ..) hide only what looks random, because "token: expected" and
"next_token=2" are no secrets. Code, prose and placeholders are left alone: ``password = get_password()``,
"password: must not be empty", ``password=${DB_PASSWORD}``.
"""

from __future__ import annotations

import re

from .shape import Check, Shape, Span, is_placeholder

_VALUE = (
    r"(?P<between>\\{0,3}[\"']?\]?(?:[ \t]{0,3}(?:=>|:=|==?|:)[ \t]{0,3}|>|(?<=[\"']) ?, ?|[ \t]{1,3}))"
    r"(?:[bru]{1,2}(?=[\"']))?(?:\"(?P<double>(?:[^\"\\\r\n]|\\.)++)|'(?P<single>(?:[^'\\\r\n]|\\.)++)"
    r"|\\{1,3}[\"'](?P<escaped>[^\"'\\\r\n]++)|(?P<bare>(?:[^\s\"'`<>&;,|\\]|[&;,](?!\s|$|[\"']|\w{1,40}[=:]))++))"
)
_FLAGS = re.IGNORECASE | re.ASCII

_BEFORE_KEY = "".join(
    f"|(?<={word})|(?<={word}[_-])"
    for word in (
        "api",
        "access",
        "secret",
        "private",
        "auth",
        "encryption",
        "signing",
        "account",
        "master",
        "service",
    )
)[1:]

_PROSE_AFTER = re.compile(r"[ \t]+[a-z]+(?![\w=:])", re.IGNORECASE | re.ASCII).match
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:[(\[].*)", re.ASCII).fullmatch
_ARGUMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII).match
_ATTRIBUTE = re.compile(
    r"(?:self|cls|settings|config|conf|os|request|args|options|app)\.[\w.]+", re.ASCII
).fullmatch
_WORDS = """
none null nil true false yes no on off empty unset undefined missing required optional invalid incorrect wrong
expired changed reset updated set ok failed failure error denied is was must should cannot can has not for the
a an to and or of in at with without str string bytes text secret password passwd token bool int any object
hidden masked filtered redacted removed
"""
_NO_VALUE = frozenset(_WORDS.split())


def looks_random(value: str) -> bool:
    """Eight characters or more without a space, digits among letters: a generated value rather than a word."""
    if len(value) < 8 or value.startswith(("/", "./", "~/", "http:", "https:")) or " " in value:
        return False
    digits = sum(map(str.isdigit, value))
    return 0 < digits < len(value) if len(value) < 32 else digits > 0 or not value.isalpha()


def _value(match: re.Match[str]) -> tuple[str, Span, bool]:
    """The value, where it stands, and whether it is quoted; a bare one without brackets that close around it."""
    group = match.lastgroup or "bare"
    text, (start, end) = match[group], match.span(group)
    if group != "bare":
        return text, (start, end), True
    while text and (text[-1] in ".:" or (text[-1] in ")]}" and "([{"[")]}".index(text[-1])] not in text)):
        text = text[:-1]
    return text, (start, start + len(text)), False


def _is_said(match: re.Match[str], value: str, end: int, quoted: bool) -> bool:
    """Whether this is no assignment but prose, code or a placeholder."""
    if is_placeholder(value) or value.lower() in _NO_VALUE:
        return True
    between = match["between"]
    if not between.strip():  # only a space between: an option of a command line, or prose
        before = match.string[max(0, match.start() - 24) : match.start()]
        return re.search(r"(?:^|\s)--[a-z-]*$", before, _FLAGS) is None
    if quoted:
        return False
    if "," in between and _ARGUMENT(value):  # f("password", other=...): the next argument, not a value
        return True
    if _CODE(value) or _ATTRIBUTE(value):
        return True
    return ":" in between and value.isalpha() and _PROSE_AFTER(match.string, end) is not None


def _telling(match: re.Match[str]) -> Span | None:
    value, span, quoted = _value(match)
    return None if not value or _is_said(match, value, span[1], quoted) else span


def _common(match: re.Match[str]) -> Span | None:
    value, span, quoted = _value(match)
    return None if not looks_random(value) or _is_said(match, value, span[1], quoted) else span


def _pwd(match: re.Match[str]) -> Span | None:
    """``PWD`` is the shell's working directory as well."""
    value, span, quoted = _value(match)
    return None if value.startswith(("/", "~")) or _is_said(match, value, span[1], quoted) else span


def _shape(keyword: str, rest: str, check: Check) -> Shape:
    pattern = re.compile(rest + _VALUE, _FLAGS)
    return Shape("assignment", (keyword,), pattern, caseless=True, check=check)


ASSIGNMENTS: tuple[Shape, ...] = (
    _shape("pass", r"pass(?:phrase|w(?:or[dt]|d))(?:_?\d)?", _telling),
    _shape("pwd", r"pwd", _pwd),
    _shape("secret", r"secret(?:[_-]?id|[_-]?value)?", _common),
    _shape("token", r"token", _common),
    _shape("key", rf"(?:{_BEFORE_KEY})key(?:_base)?", _common),
)
