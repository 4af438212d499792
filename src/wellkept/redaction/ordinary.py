"""Values that are no secrets although a source of secrets gave them.

A ``.env`` file holds ``PORT=8000`` and ``ENVIRONMENT=production`` next to its secrets, and an application
reads them all through the same door. Hiding "production" in every line would make logs unreadable and hide
nothing. So a value is passed over when its name says that it is a setting *and* it looks like one: words
and numbers, no generated text. Whoever wants more passed over says so by name (``Known.spare``).
"""

from __future__ import annotations

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
_LAST_WORDS = [[word] for word in _NAMES.split()]
"""How names end that say "setting"."""

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:_/-")
_LONGEST = 64
_MIXED = 6
"""Characters of a word in which letters and digits may be mixed: ``db1`` is one, a generated password is not."""


def is_ordinary(name: str, value: str) -> bool:
    """Whether ``value``, under ``name``, is no secret: public, blank, or a setting that looks like one."""
    if value in PUBLIC or not value.strip():
        return True
    if len(value) > _LONGEST or not _PLAIN.issuperset(value):
        return False
    if _words(name)[-1:] not in _LAST_WORDS:
        return False
    return all(word.isdigit() or word.isalpha() or len(word) <= _MIXED for word in _words(value))


def _words(text: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in text).lower().split()
