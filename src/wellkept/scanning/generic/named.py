"""Plain values beside a provider's name (``asana_secret = ...``): is this one a credential of that provider?

The rule's pattern has found a value of the right length and alphabet a little after the name. Such a value may
as well be a digest, a commit, an identifier, a word: what stands between the two decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .placeholder import is_placeholder
from .values import strength

if TYPE_CHECKING:
    from ..hooks import Candidate

_OTHER = re.compile(
    rb"(?i)(?:(?:^|[^a-z])(?:sha-?(?:1|256|384|512)?|md5|digest|checksum|hash|commit|revision|\brev|etag|integrity|fingerprint|thumbprint|"
    rb"build|image|version|blob|tree|parent|changelog|uuid|guid|trace|span|request|session|event|object|node|file|"
    rb"page|grade|badge|article|issue|ref|href|src)|/commit/|/tree/|/blob/|@)[-_ ]?(?:id|sum|hex|digest)?[\"'`\]]{0,2}\s{0,3}[:=@/ (]{1,3}\s{0,3}[\"'`]?$"
)
_TELLING = re.compile(
    rb"(?i)(?:key|token|secret|pass|pwd|auth|cred|bearer|pat\b|api|private|access|sid|dsn|license|webhook)"
)
_WORDLIKE = re.compile(rb"[A-Za-z]+(?:[-_./][A-Za-z]+)*|[A-Z]+(?:_[A-Z0-9]+)*|[a-z]+(?:[A-Z][a-z]+)+\d?")
_CODE = re.compile(rb"[-_](?:key|token|secret|id|url|api|auth|client|password)(?:[-_]|$)", re.IGNORECASE)


def judge_named(candidate: Candidate) -> bool | float | None:
    """False when it is something else, a lower confidence when nothing telling stands between, else no opinion."""
    secret, match = candidate.secret, candidate.match
    if is_placeholder(secret) or (_WORDLIKE.fullmatch(secret) and len(secret) < 64 and not _shuffled(secret)):
        return False
    if _CODE.search(secret) and not any(48 <= byte <= 57 for byte in secret):
        return False
    if secret.isalpha() and strength(secret, quoted=True) < 0.4:
        return False
    place = match.rfind(secret)
    before = match[:place]
    if _OTHER.search(before):
        return False
    after = before.rstrip(b" \t\"'`\\")
    assigned = after.endswith((b"=", b":", b">", b"(", b",", b"|")) or before.endswith((b'"', b"'", b"`"))
    telling = _TELLING.search(before)
    if assigned and telling:
        return None
    return candidate.rule.confidence * (0.8 if assigned or telling else 0.6)


def _shuffled(secret: bytes) -> bool:
    """Whether letters alone look drawn by lot: both cases mixed, or too few vowels for a language."""
    if not secret.isalpha():
        return False
    lower = secret.lower()
    vowels = sum(lower.count(vowel) for vowel in (b"a", b"e", b"i", b"o", b"u"))
    changes = sum(
        a.islower() != b.islower() for a, b in zip(secret.decode(), secret.decode()[1:], strict=False)
    )
    return vowels * 5 < len(secret) or changes * 4 > len(secret)
