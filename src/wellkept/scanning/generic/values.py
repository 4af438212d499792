"""What a value looks like: drawn by lot, words, a reference of code, a path, a number, a sentence."""

from __future__ import annotations

import re

from ..checks.entropy import entropy
from .letters import likeness

_REFERENCE = re.compile(
    rb"(?:[A-Za-z_$][\w$]*(?:\.|->|::|\[))+[\w$\]]*.*|(?:self|this|os|process|config|settings|env|args|opts|options|props|params|request|req|ctx|data|obj|user|app)\b[.\[(].*"
    rb"|%[+#]?[a-zA-Z].*|.*\(.*\)?|\$.*|@[A-Za-z_]\w*|&[A-Za-z_]\w*|\*[A-Za-z_]\w*|.*\?\.?.*:.*|.*=>.*|.*(?:\+\+|&&|\|\||==|!=).*"
)
_PATH = re.compile(
    rb"(?:[A-Za-z]:)?(?:[./~]|\.\.)?(?:/|\\)[\w .@~{}$%*+-].*|[\w.-]+(?:/[\w.-]+)+/?|[\w./~-]+\.(?:pem|key|txt|json|ya?ml|xml|py|js|ts|java|go|rb|php|html?|css|crt|cer|pub|conf|cfg|ini|env|sh|md|properties|jks|p12|pfx|gpg|asc|log|db|sql|csv|png|svg|tf|proto|toml|lock)",
    re.IGNORECASE,
)
_URL = re.compile(rb"[a-z][a-z0-9+.-]{1,20}://\S*|www\..*|mailto:.*|data:[a-z]+/.*|//\S+\.\S+", re.IGNORECASE)
_UUID = re.compile(rb"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?")
_HEX = re.compile(rb"(?:0x)?[0-9a-fA-F]+")
_DATE = re.compile(
    rb"\d{4}-\d\d-\d\d.*|\d{1,2}[:/.]\d\d([:/.]\d{2,4})?.*|\d+(?:\.\d+)+[\w.-]*|v\d+(?:\.\d+)*"
)
_CONSTANT = re.compile(
    rb"[A-Z][A-Z0-9]*(?:[_.-][A-Z0-9]+)+|[a-z][a-z0-9]*(?:[_.-][a-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+|[A-Z]{0,4}(?:[A-Z][a-z]+){2,}\d?|[a-z]+(?:[.:/-][a-z]+)+"
)
_DIGEST = re.compile(
    rb"(?i)sha(?:1|224|256|384|512)[-:=$].*|md5[-:=].*|\$(?:2[aby]|5|6|1|apr1|argon2\w*|pbkdf2\S*)\$.*|pbkdf2_sha\S+|bcrypt\S*|\{s?sha\}.*"
)
_PUBLIC = re.compile(
    rb"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2)|AAAA[BCE]3Nza|-----BEGIN (?:PUBLIC|CERT)|MI(?:IBIjANBgkqh|GfMA0GCSqGSIb3DQEB|IDI?)|pk_(?:live|test)_|0x04[0-9a-f]{128}"
)
_MEMBER = re.compile(rb"\.[A-Za-z_][\w.]*|#[\w-]+|\[[\w -]+\]|[A-Za-z_]\w*(?:\[[-\w]*\]|\.[A-Za-z_]\w*)+")
_OCTETS = re.compile(rb"(?:[0-9A-Fa-f]{2}[:-]){5,}[0-9A-Fa-f]{2}")
_REGEX = re.compile(rb"\(\?[a-zA-Z:=!<]|\\[bdswDSW]|\[[^\]\s]{2,}\][{+*?]|\.[*+][?)]?")
_NUMBERED = re.compile(rb"[A-Za-z]+[-_]?[0-9]{1,4}")
_BLOB = re.compile(rb"[A-Za-z0-9+/_=-]{200,}")
_MIME = re.compile(rb"(?:application|text|image|audio|video|multipart)/[\w.+-]+")


def is_reference(value: bytes) -> bool:
    """Whether an unquoted value is an expression of code: a call, a member, a variable, an operator."""
    return _REFERENCE.fullmatch(value) is not None


def is_other(value: bytes) -> bool:
    """Whether a value is a thing with a form of its own that is no secret: a path, an address, a date, a digest."""
    return bool(
        (_PATH.fullmatch(value) and not _mixed_blob(value))
        or _URL.fullmatch(value)
        or _DATE.fullmatch(value)
        or _DIGEST.fullmatch(value)
        or _PUBLIC.match(value)
        or _MIME.fullmatch(value)
        or _OCTETS.fullmatch(value)
        or _REGEX.search(value)
        or (_MEMBER.fullmatch(value) and likeness(value) > 2.8)
        or (value.startswith((b"#", b"--", b".")) and len(value) < 10)
    )


def _mixed_blob(value: bytes) -> bool:
    """Base64 with slashes in it looks like a path too."""
    return (
        len(value) >= 20
        and value.count(b"/") <= len(value) // 12 + 1
        and b"." not in value
        and likeness(value) < 3.0
    )


def is_sentence(value: bytes) -> bool:
    """Several words with spaces between, or letters of another alphabet."""
    if not value.isascii():
        return True
    words = value.split()
    if len(words) > 1 and likeness(value) > 3.0:
        return True
    return len(words) > 1 and sum(word.strip(b".,:;!?()'\"").isalpha() for word in words) * 2 >= len(words)


def strength(value: bytes, *, quoted: bool) -> float:
    """How much a value looks drawn by lot or thought out as a password: 0 word or identifier, 1 random."""
    if value.isalpha() and value.isascii():
        like = likeness(value)
        if _identifier(value, like, 0):
            return 0.0
        if not _HEX.fullmatch(value):
            return _letters_only(value, like)
    letters = sum(65 <= byte <= 90 or 97 <= byte <= 122 for byte in value)
    digits = sum(48 <= byte <= 57 for byte in value)
    special = len(value) - letters - digits
    like = likeness(value)
    if _UUID.fullmatch(value):
        return 0.5
    if _HEX.fullmatch(value) and len(value) >= 16:
        return 0.9 if digits and digits < len(value) and entropy(value) > 2.8 else 0.15
    if value.startswith(b"0x") and len(value) <= 18:
        return 0.0
    if not letters:
        return (
            (0.3 if len(value) >= 4 and quoted else 0.0)
            if special == 0
            else 0.4
            if digits and special >= 2
            else 0.0
        )
    if _identifier(value, like, digits):
        return 0.0
    if digits == 0 and special == 0:
        return _letters_only(value, like)
    return _composed(value, like, digits, special)


def _identifier(value: bytes, like: float, digits: int) -> bool:
    """Words joined as programmers join them; humps of two letters are no words."""
    if not _CONSTANT.fullmatch(value) or digits * 4 > len(value):
        return False
    capitals = sum(65 <= byte <= 90 for byte in value)
    if not value.isalnum():
        return like > 3.0 or len(value) < 12
    return capitals * 7 < len(value) * 2 and like > (3.3 if digits else 3.0)


def _letters_only(value: bytes, like: float) -> float:
    if len(value) >= 5 and like < 2.6:
        return 0.8 if len(value) >= 7 else 0.6
    if len(value) >= 16 and like < 3.2:
        return 0.8
    if len(value) >= 4 and like < 3.1:
        return 0.45
    return 0.0 if like > 3.5 or len(value) < 6 else 0.15


def _composed(value: bytes, like: float, digits: int, special: int) -> float:
    """Letters with digits or signs among them."""
    if like > 3.3 and _NUMBERED.fullmatch(value):
        return 0.25
    bits = entropy(value)
    points = 0.35
    if digits:
        points += 0.1
    if like < 3.0:
        points += 0.25
    elif like > 3.7:
        points -= 0.1
    if special and digits:
        points += 0.05
    if len(value) >= 16 and bits > 3.5 and digits:
        points += 0.2
    elif len(value) >= 8 and bits > 2.7:
        points += 0.1
    if digits == 0 and like > 3.2 and all(byte in b"-_.:/ \\@" or 65 <= byte <= 122 for byte in value):
        points -= 0.4
    if special > len(value) // 2:
        points -= 0.3
    return max(0.0, min(1.0, points))


def is_blob(value: bytes) -> bool:
    """Long encoded data: an image, a certificate, a test vector rather than a secret."""
    return len(value) > 200 and _BLOB.match(value) is not None
