"""JSON for what is stored, without spaces, by an encoder that is made once: ``json`` makes one for each call."""

from __future__ import annotations

from json import JSONEncoder, encoder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def printer(*, ascii_only: bool = True, default: Callable[[Any], Any] | None = None) -> Callable[[Any], str]:
    """A function that gives the text of what holds no cycle. ``default`` is as for ``json.dumps``."""
    plain = JSONEncoder(separators=(",", ":"), ensure_ascii=ascii_only, default=default)
    make: Any = getattr(encoder, "c_make_encoder", None)
    if make is None:  # another Python than CPython
        return plain.encode
    quote = encoder.encode_basestring_ascii if ascii_only else encoder.encode_basestring
    pieces = make(None, plain.default, quote, None, ":", ",", False, False, True)
    join = "".join

    def text(value: Any) -> str:
        return join(pieces(value, 0))

    return text
