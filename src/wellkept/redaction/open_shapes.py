"""Shapes that a stream may be in the middle of: from where to hold back until more has come.

Only tokens, URLs and private keys are waited for, by their unmistakable beginnings; a prompt such as
``Password:`` is no beginning of a shape, and leaves at once.
"""

from __future__ import annotations

import re

SHAPE_HOLD = 16_640
"""Bytes that a stream holds back at most because they may become a shape: a private key of 16 KiB."""

_LONGEST_TOKEN = 4_096
_TOKEN_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-+/:@%")
_BEGINNINGS = (
    *("sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_", "sk-", "AIza", "AKIA", "ASIA", "eyJ"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "npm_", "pypi-", "hvs.", "SG.", "SK"),
    *("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "hooks.slack.com/"),
    *("AGE-SECRET-KEY-", "-----BEGIN "),
)
_OPEN_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9 ]{0,80}-{0,5}\Z|[A-Z0-9 ]{0,80}PRIVATE KEY(?: BLOCK)?-----)"
).match
_BEGINNING = re.compile("(?<![A-Za-z0-9])(?:" + "|".join(map(re.escape, _BEGINNINGS)) + ")").search
_PARTS = frozenset(beginning[:size] for beginning in _BEGINNINGS for size in range(1, len(beginning)))
_LONGEST_PART = max(map(len, _PARTS))


def open_shape(text: str) -> int:
    """From where ``text`` may be the beginning of a token, a URL or a private key; its length where nowhere."""
    size = len(text)
    key = text.rfind("-----BEGIN ")
    if key >= 0 and _OPEN_KEY(text, key) and text.find("-----END ", key) < 0:
        return key
    start = size
    while start > 0 and size - start < _LONGEST_TOKEN and text[start - 1] in _TOKEN_CHARACTERS:
        start -= 1
    run = text[start:]
    if not run:
        return size
    address = run.rfind("://")
    if address >= 0 and "/" not in run[address + 3 :]:
        return start
    match = _BEGINNING(run)
    return start + match.start() if match else _part(text, start)


def _part(text: str, floor: int) -> int:
    """From where, at a word's start not before ``floor``, a part of a beginning reaches to the end of ``text``."""
    size = len(text)
    for at in range(max(floor, size - _LONGEST_PART), size):
        if text[at:] in _PARTS and (at == floor or not text[at - 1].isalnum()):
            return at
    return size
