"""Values that stand for a secret without being one: examples, masks, look-ups, templates, counting, keyboard rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = (
    rb"(?i)example|sample|dummy|placehold|redacted|change.?me|replace.?(?:me|with|this)|insert.?(?:your|here)|to.?be.?(?:set|changed|replaced)"
    rb"|(?:^|[^a-z])(?:your|some|enter|put|the|this|add|fill|set|use)[-_ .]?(?:own|secret|api|access|auth|token|key|pass|user|client|app|account|private|public|db|new|here|super|very|strong|value|long)|(?:^|[^a-z])my[-_ .]?(?:own|secret|api|access|auth|token|key|user|client|app|account|private|public|new)[^0-9]*$"
    rb"|(?:key|token|secret|password|passwd|value|goes|put|insert|paste|yours?)[-_ ]?here|^(?:null|none|nil|undefined|true|false|empty|unset|required|optional|string|str|text|todo|tbd|fixme|n/?a)$"
    rb"|unique phrase|not[-_ ]?(?:a[-_ ]?)?(?:real|valid|used|set|secret|needed)|foo.?bar|lorem.?ipsum|deadbeef|fake[-_ ]?(?:secret|api|access|auth|token|key|pass|cred)|mock[-_ ]?(?:secret|api|access|auth|token|key|pass|cred)"
    rb"|\bcensored\b|\bhidden\b|\bmasked\b|\bomitted\b|\bsnip(?:ped)?\b|invalid[-_ ]?(?:secret|api|access|auth|token|key|pass)|xxx+|\.\.\.\.*|\*{3,}|-{4,}|_{4,}|#{3,}"
)
"""What people write where a secret belongs."""

TEMPLATE = (
    rb"\$\{[^}]*\}?|\$\([^)]*\)?|\{\{.*|\}\}|<%.*|%>|<[A-Za-z][\w .:/-]*>|^<.*>$|%\([A-Za-z_]\w*\)s|^%[A-Za-z_]\w*%$|^%[sdvqr@]$|^@[\w.-]+@$|^\$[A-Za-z_]\w*$"
    rb"|^\$env:|\{[\w.:$!~\[\]() -]*\}|\$\{?[A-Z_]{3,}\}?|#\{|^\[\[?[\w. -]+\]\]?$|^__\w+__$|^!(?:Ref|Sub|GetAtt|ImportValue|vault)|^(?:ENC|vault|op|ssm|awssm|secret|sops|kms|file|env|ref)(?:\[|:|://)"
)
"""Variables of shells, template languages, continuous integration, format strings."""

_ROWS = (
    b"abcdefghijklmnopqrstuvwxyz0123456789",
    b"01234567890123456789",
    b"98765432109876543210",
    b"zyxwvutsrqponmlkjihgfedcba",
    b"qwertyuiopasdfghjklzxcvbnm",
    b"abcdef0123456789abcdef0123456789",
    b"0123456789abcdef0123456789abcdef",
    b"a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0",
    b"1a2b3c4d5e6f7g8h9i0j",
)


_searches: list[Callable[[bytes], object]] = []
"""Compiled when first asked, by the engine that confirms matches."""


def is_placeholder(value: bytes) -> bool:
    """Whether a value says of itself that it is none."""
    if not _searches:
        from ..engine.confirm import compile_pattern

        _searches.extend(compile_pattern(text.decode()).search for text in (WORDS, TEMPLATE))
    return any(search(value) is not None for search in _searches) or is_pattern(value)


def is_pattern(value: bytes) -> bool:
    """Whether a value is mostly repetition, counting or a row of the keyboard."""
    lower = value.lower()
    letters = bytes(byte for byte in lower if chr(byte).isalnum())
    if len(set(letters)) <= max(2, min(len(letters) // 12, 5)) and len(letters) > 5:
        return True
    return (len(letters) > 7 and _rows(letters) * 10 >= len(letters) * 6) or _periodic(letters)


def _rows(letters: bytes) -> int:
    """How many of the characters lie in runs of at least five that follow a row."""
    total = start = 0
    while start < len(letters) - 4:
        length = 0
        for row in _ROWS:
            size = 5
            while start + size <= len(letters) and letters[start : start + size] in row:
                length, size = size, size + 1
        total += length
        start += length or 1
    return total


def _periodic(letters: bytes) -> bool:
    """Whether the whole value is one short piece over and over."""
    for size in range(1, min(len(letters) // 3, 10) + 1):
        if letters == (letters[:size] * (len(letters) // size + 1))[: len(letters)]:
            return True
    return False
