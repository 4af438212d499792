"""Values that are no secrets although a source of secrets gave them.

A ``.env`` file holds ``PORT=8000`` and ``ENVIRONMENT=production`` next to its secrets, and an application
reads them all through the same door. Hiding "production" in every line would make logs unreadable and hide
nothing. So a value is passed over when its name says that it is a setting *and* it looks like one: words
and numbers, no generated text. Whoever wants more passed over says so by name (``Known.spare``).
"""

from __future__ import annotations

import re

PUBLIC = frozenset(
    {
        *("true", "false", "null", "none", "True", "False", "None"),
        *("localhost", "127.0.0.1", "0.0.0.0"),  # noqa: S104 - a word not to hide, no address to bind
        "service_account",  # the fixed parts of Google's service account files
        "googleapis.com",
        "https://accounts.google.com/o/oauth2/auth",
        "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/oauth2/v1/certs",
    }
)
"""Never hidden, whatever the name."""

_NAMES = """
port host hostname user username name env environment debug level region zone timezone tz locale lang language
timeout workers threads mode engine driver scheme protocol version enabled size limit count interval ttl
"""
SETTINGS = frozenset(_NAMES.split())
"""Last words of names that say "setting"."""

_WORD = re.compile(r"[A-Za-z0-9]+").findall
_LAST_WORD = re.compile(r"([A-Za-z0-9]+)[^A-Za-z0-9]*\Z").search
_PLAIN = re.compile(r"[A-Za-z0-9 .,:_/-]{1,64}", re.ASCII).fullmatch
_MIXED = 6


def is_ordinary(name: str, value: str) -> bool:
    """Whether ``value``, under ``name``, is no secret: public, blank, or a setting that looks like one."""
    if value in PUBLIC or not value.strip():
        return True
    last = _LAST_WORD(name)
    if last is None or last[1].lower() not in SETTINGS or _PLAIN(value) is None:
        return False
    return all(word.isdigit() or word.isalpha() or len(word) <= _MIXED for word in _WORD(value))
