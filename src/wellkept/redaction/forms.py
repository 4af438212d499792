"""The forms that one value takes on its way into a log: encoded, escaped, quoted.

Each form is a function from the value's bytes to the bytes to look for. Text that is not UTF-8 goes through
as Python's ``surrogateescape`` text, because that is what a program holds and prints. What a form changes
nothing about comes out equal and is dropped by ``forms``; so a plain token has some nine forms, and a
database URL some thirty.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator

Form = Callable[[bytes], bytes]

MIN_PIECE = 6
"""Base64 inside longer base64 is looked for where this many characters are the value's own: from 5 bytes up."""

_MIN_WRAPPED_LINE = 16
_URLSAFE = bytes.maketrans(b"+/", b"-_")
_UNCHANGED = re.compile(rb"[A-Za-z0-9_.]*").fullmatch


def forms(value: bytes, *, piece: bool = False) -> Iterator[tuple[bytes, Form | None]]:
    """Every distinct form of ``value``, with the function that makes it (``None``: cannot be made alone).

    ``piece``: only what is worth its time for one of the many pieces of a long value.
    """
    seen: set[bytes] = set()
    escapes = () if _UNCHANGED(value) else COMMON_ESCAPES if piece else (*COMMON_ESCAPES, *RARE_ESCAPES)
    for form in (*BINARY_FORMS, *escapes):
        body = form(value)
        if body not in seen:
            seen.add(body)
            yield body, form
    for line in () if piece else _wrapped_base64(value):
        if line not in seen:
            seen.add(line)
            yield line, None


def _plain(value: bytes) -> bytes:
    return value


def _hex(value: bytes) -> bytes:
    return value.hex().encode()


def _hex_upper(value: bytes) -> bytes:
    return value.hex().upper().encode()


def _base64_padded(value: bytes) -> bytes:
    return b64encode(value)


def _base64_unpadded(value: bytes) -> bytes:
    return b64encode(value).rstrip(b"=")


def _base64_inside(alignment: int) -> Form:
    """The characters that are the value's alone when ``alignment`` bytes (mod 3) stand before it."""

    def form(value: bytes) -> bytes:
        encoded = b64encode(bytes(alignment) + value)
        own = encoded[-(-8 * alignment // 6) : 8 * (alignment + len(value)) // 6]
        return own if len(own) >= MIN_PIECE else value

    return form


def _urlsafe(form: Form) -> Form:
    return lambda value: value if (body := form(value)) == value else body.translate(_URLSAFE)


_BASE64: tuple[Form, ...] = (_base64_padded, _base64_unpadded, *(_base64_inside(n) for n in range(3)))

BINARY_FORMS: tuple[Form, ...] = (_plain, _hex, _hex_upper, *_BASE64, *(_urlsafe(form) for form in _BASE64))
"""Forms that change every value."""


def _wrapped_base64(value: bytes) -> Iterator[bytes]:
    """The lines of base64 that a tool wrapped: at 76 columns (RFC 2045, coreutils) and 64 (RFC 7468)."""
    encoded = b64encode(value)
    for width in (76, 64):
        if len(encoded) > width:
            lines = (encoded[at : at + width] for at in range(0, len(encoded), width))
            yield from (line for line in lines if len(line) >= _MIN_WRAPPED_LINE)


def _text(escape: Callable[[str], str]) -> Form:
    """A form from a function on text."""

    def form(value: bytes) -> bytes:
        text = value.decode("utf-8", "surrogateescape")
        return escape(text).encode("utf-8", "surrogatepass")

    return form


def _percent(safe: str, *, space: str = "%20") -> tuple[Form, Form]:
    """Percent-encoding that leaves ``safe`` as it is besides RFC 3986's unreserved characters; both cases."""
    kept = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~" + safe)
    upper = {code: f"%{code:02X}" for code in range(256) if chr(code) not in kept} | {32: space}
    lower = {code: escape.lower() for code, escape in upper.items()}
    return _translated(upper), _translated(lower)


def _translated(table: dict[int, str]) -> Form:
    return lambda value: value.decode("latin-1").translate(table).encode()


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _json_unicode(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _upper_unicode(escaped: str) -> str:
    return re.sub(r"\\u[0-9a-f]{4}", lambda match: "\\u" + match[0][2:].upper(), escaped)


def _slash(escaped: str) -> str:
    return escaped.replace("/", "\\/")


def _html_safe(escaped: str) -> str:
    """What Go's ``encoding/json`` and web templates add to JSON: no ``<``, ``>``, ``&`` as they are."""
    return escaped.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _repr(delimiter: str) -> Callable[[str], str]:
    """The inside of ``repr(text)`` in these quotes: which ones Python takes depends on the text around, too."""

    def escape(text: str) -> str:
        body = repr(text + "'\"")[1:-1]  # both quotes in it: delimited by ' and ' escaped, always
        body = body.removesuffix("\\'\"")
        return body if delimiter == "'" else body.replace("\\'", "'").replace('"', '\\"')

    return escape


def _repr_bytes(delimiter: str) -> Form:
    def form(value: bytes) -> bytes:
        body = repr(value + b"'\"")[2:-1].removesuffix("\\'\"")
        return (body if delimiter == "'" else body.replace("\\'", "'").replace('"', '\\"')).encode()

    return form


def _backslashed(characters: str) -> Callable[[str], str]:
    find = re.compile("([" + re.escape(characters) + "])")
    return lambda text: find.sub(r"\\\1", text)


def _ansi_c(text: str) -> str:
    """The inside of the shell's ``$'..'``, as bash's ``printf %q`` writes it."""
    short = {"\a": "\\a", "\b": "\\b", "\x1b": "\\E", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    short |= {"\v": "\\v", "\\": "\\\\", "'": "\\'"}
    return "".join(short.get(c, c if " " <= c != "\x7f" else f"\\{ord(c):03o}") for c in text)


def _mysql(text: str) -> str:
    """Backslash escapes as ``mysql_real_escape_string`` writes them."""
    table = {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "'": "\\'", '"': '\\"', "\x1a": "\\Z"}
    return "".join(table.get(character, character) for character in text)


COMMON_ESCAPES: tuple[Form, ...] = (
    *_percent("/"),  # urllib's quote
    *_percent(""),
    *_percent("", space="+"),  # web forms
    _text(_json),
    _text(_json_unicode),
    _text(lambda text: _slash(_json(text))),
    _text(_repr("'")),
    _text(_repr('"')),
    _repr_bytes("'"),
    _repr_bytes('"'),
    _text(lambda text: text),  # bytes that are not UTF-8, as the text a program holds
    lambda value: value if _is_utf8(value) else value.decode("latin-1").encode(),
)
"""Forms that change only values with characters beyond letters, digits, ``_`` and ``.``."""

RARE_ESCAPES: tuple[Form, ...] = (
    *_percent("!*'()"),  # JavaScript's encodeURIComponent
    *_percent("!*'();/?:@&=+$,#"),  # and encodeURI
    _text(lambda text: _upper_unicode(_json(text))),
    _text(lambda text: _slash(_json_unicode(text))),
    _text(lambda text: _html_safe(_json_unicode(text))),
    _text(lambda text: _json(_json(text))),  # JSON inside JSON
    _text(lambda text: _json(_repr("'")(text))),  # a traceback inside JSON
    _text(lambda text: text.replace("'", "'\"'\"'")),  # shlex.quote
    _text(lambda text: text.replace("'", "'\\''")),
    _text(_backslashed('\\$`"')),  # the shell's double quotes
    _text(_backslashed('\\$`"!')),
    _text(_ansi_c),
    _text(_backslashed(" \t\n!\"$&'()*,;<>?[\\]^`{|}")),  # bash's printf %q
    _text(html.escape),
    _text(lambda text: html.escape(text, quote=False)),
    _text(lambda text: html.escape(text).replace("&#x27;", "&#39;")),
    _text(lambda text: html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")),
    _text(lambda text: html.escape(text).replace("&#x27;", "&apos;")),
    _text(lambda text: text.replace("'", "''")),  # SQL
    _text(lambda text: text.replace('"', '""')),  # SQL identifiers, CSV
    _text(_mysql),
)
"""The same, and not searched for in the pieces of a value above 4 KiB, where they would take seconds to make."""


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
