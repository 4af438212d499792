"""Names of fields that give a credential away, in structured data: ``{"password": "..."}``."""

from __future__ import annotations

import re

from .assignments import looks_random
from .shape import is_placeholder

_TELLING = re.compile(
    r".*pass(?:word|wd|phrase|wort)\d?|(?:.*[_.\-\s])?(?:pwd|secret|authorization|credentials?|set-cookie|cookies?)"
    r"|.*(?:api|access|secret|private|auth|signing|encryption|client)[_-]?(?:key|secret)"
    r"|.*(?:access|refresh|auth|id|session|bearer|api)[_-]?token",
    re.IGNORECASE | re.ASCII,
).fullmatch
_COMMON = re.compile(r"(?:.*[_.\-\s])?(?:token|session|sessionid|sid|csrf\w*)", re.I | re.ASCII).fullmatch


def hides(name: str, value: str) -> bool:
    """Whether a field called ``name`` makes ``value`` a credential, whatever it looks like.

    ``value`` may be in the quotes that ``repr`` adds. Names that are only sometimes a credential's
    (``token``, ``session``) need a value that looks random.
    """
    bare = value.strip("'\"")
    if len(name) > 200 or not bare or is_placeholder(bare) or bare in ("None", "null", "True", "False"):
        return False
    return _TELLING(name) is not None or (_COMMON(name) is not None and looks_random(bare))
