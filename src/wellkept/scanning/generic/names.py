"""Names that secrets stand under, and the names that only sound like it (``password_field``, ``public_key``)."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NAME = re.compile(rb"[A-Za-z_$@][\w$.-]*")

_STRONG = frozenset(
    b"password passwd passphrase passcode pwd passwords psw secret apikey credential credentials creds passw pswd userpass dbpass privatekey secretkey accesskey authtoken accesstoken".split()
)
_WEAK = frozenset(
    b"pass token key auth authorization salt pepper otp nonce seed pin cred tokens keys secrets jwt bearer hmac signature cookie session sid pw iv".split()
)
_KEY_OF = frozenset(
    b"api access secret private encryption encrypt encrypted auth authentication app application client consumer signing sign "
    b"master account storage license licence service ssh aes des hmac jwt shared subscription crypto cipher security admin server "
    b"session cookie integration webhook deploy deployment write read ingest instrumentation maps google aws azure stripe root "
    b"wallet node peer symmetric hash mac site merchant sdk rest dev prod token write license management primaryaccess".split()
)
_NOT_AFTER = frozenset(
    b"algo bin pem json txt yml yaml py js html php exe dll jar zip crt cer pfx field fields label url uri urls endpoint path file filename dir directory folder type types length len size count min max minimum maximum regex regexp "
    b"pattern format policy policies placeholder hint prompt message msg error errors text title input inputs column col columns prefix suffix timeout "
    b"expires expire expiry expiration expired ttl age date time at enabled enable disabled required optional reset forgot forgotten "
    b"recovery change changed update updated strength store provider manager service class method function handler "
    b"header headers scope scopes algorithm alg version env var variable param params parameter parameters attr attribute "
    b"selector xpath css icon button link page view form dialog modal screen activity rule rules validator validation "
    b"verify verifier confirm confirmation confirmed again repeat match matches matching mismatch generator generated source "
    b"name names id ids ref reference arn alias kind status state usage use used user users uid username description desc help info note doc docs comment "
    b"index idx num number list array map dict set table schema model entity key_type list_id limit limits budget per cost price address addr "
    b"encoder encoding decode decoder parser reader writer converter serializer factory builder util utils helper callback listener event events "
    b"request response result results option options config configuration settings setting setup mode auto complete autocomplete rotation rotate "
    b"revoked revoke granularity bits bytes iterations rounds cache cached lookup storage exists missing empty null none test case visible visibility "
    b"toggle show hide mask masked char chars character characters word words symbol char_set charset separator delimiter fingerprint digest checksum "
    b"md5 sha md bits sha1 sha256 sha512 hashed".split()
)
_MAY_FOLLOW = frozenset(
    b"value val base prod production dev development staging stage qa live current new old default string str text plain plaintext "
    b"b64 base64 hex enc encrypted raw data main master admin root db database key keys token secret password pass a b c d x y z "
    b"primary secondary v v1 v2 us eu for of the my const constant final tmp temp this local remote api app client server test hash salt".split()
)
_NOT_ANYWHERE = frozenset(
    b"change request correlation shard public pub primary foreign sort partition row pagination page next continuation previous cursor keyboard hotkey shortcut "
    b"translation i18n l10n locale csrf xsrf antiforgery verificationtoken keyword keywords tokenizer tokenize tokenized tokenization "
    b"lexer syntax bos eos eot cls sep unk mask placeholder forgot wrong incorrect invalid weak forbidden bad mistyped "
    b"encrypted_hash unencrypted hashed digest checksum fingerprint thumbprint idempotency dedup distinct unique composite cache bucket "
    b"monkey turkey donkey jockey hockey keystone passenger passing bypass compass pytest passthrough passed passes author authors authored secretary secretariat".split()
)
_TELLING = re.compile(rb"(?i)pass|pwd|psw|secret|token|key|auth|cred|salt|nonce|seed|\bpw\b|bearer|\bpin\b")


@lru_cache(maxsize=4096)
def weigh(name: bytes) -> float:
    """How surely a secret stands under ``name``: 0 it does not, 1 it does. The last telling word decides."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or any(word in _NOT_ANYWHERE for word in words):
        return 0.0
    place, weight = -1, 0.0
    for index, word in enumerate(words):
        found = _weight_of(word, words[index - 1] if index else b"")
        if found:
            place, weight = index, found
    if place < 0:
        return _joined(name)
    for word in words[place + 1 :]:
        if word in _NOT_AFTER:
            return 0.0
        if word not in _MAY_FOLLOW and not word.isdigit():
            weight *= 0.7
    return weight


def _weight_of(word: bytes, before: bytes) -> float:
    if word in _STRONG:
        return 1.0
    if word in (b"key", b"keys"):
        return 0.95 if before in _KEY_OF else 0.45
    if word in (b"token", b"tokens", b"jwt"):
        return (
            0.95 if before in _KEY_OF or before in (b"bot", b"oauth", b"bearer", b"refresh", b"id") else 0.85
        )
    if word in (b"pass", b"pw", b"auth", b"authorization", b"bearer", b"secrets", b"cred"):
        return 0.8
    return 0.5 if word in _WEAK else 0.0


_PARTS = (
    (b"password", 0.95),
    (b"passwd", 0.95),
    (b"passphrase", 0.95),
    (b"secret", 0.9),
    (b"apikey", 0.95),
    (b"accesskey", 0.9),
    (b"secretkey", 0.95),
    (b"privatekey", 0.9),
    (b"authkey", 0.9),
    (b"token", 0.75),
    (b"pwd", 0.8),
    (b"passwort", 0.9),
    (b"pass", 0.6),
    (b"key", 0.4),
    (b"cred", 0.5),
)


def _joined(name: bytes) -> float:
    """Names written in one word: ``dbpassword``, ``apitoken``, ``mysecretkey``, ``password1``."""
    lower = name.lower().rstrip(b"0123456789_-.")
    for part, weight in _PARTS:
        if lower.endswith(part) or (lower.startswith(part) and len(lower) <= len(part) + 4):
            return weight
    return 0.0


def name_before(text: bytes) -> bytes:
    """The last telling identifier in what stands before a value; empty when there is none."""
    for found in reversed(list(_NAME.finditer(text, max(0, len(text) - 120)))):
        if _TELLING.search(found[0]):
            return b"" if text[: found.start()].endswith(b"::") else bytes(found[0])
    return b""
