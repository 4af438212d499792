"""How much a run of letters looks like language: pairs of neighbours, counted in the identifiers of much code."""

from __future__ import annotations

from itertools import pairwise

_TEXT = (
    "03430030301645040556210120 60326000430600500441500030 50206005304400600415300010 51147110600210410242400010 "
    "40453320100435031655021410 50104400700400600523500020 40107034500324400542400000 60007000500120600325200010 "
    "32433330000447520355030102 40007000202000600060502000 30118110500223210152203300 50136200600500500044400040 "
    "63007000500130560030400000 40455260400102410056220010 12340120201447340634423000 50126002400500540634300030 "
    "30000000000500000320900000 50227020501133500444310030 30306103501110440056400020 50206105600100420543301040 "
    "33325120300546040556000000 70008000600000310000000000 60005006600104500440000000 40616200500120060116000010 "
    "21324120400344370355003000 50008000500000500000000021"
)
_PAIRS = _TEXT.split()
"""Row: first letter, column: second; from 0 (never) to 9, a logarithm of how often."""

_TABLE = {
    (ord(first), ord(second)): int(_PAIRS[row][column])
    for row, first in enumerate("abcdefghijklmnopqrstuvwxyz")
    for column, second in enumerate("abcdefghijklmnopqrstuvwxyz")
}

RANDOM = 1.8
"""The median of letters drawn by lot; 95 in 100 of eight such letters stay below 3.3."""


def likeness(value: bytes) -> float:
    """The mean over all pairs of letters, about 4.5 for words of English and of code, 1.8 for random letters."""
    lower = value.lower()
    points = [point for point in map(_TABLE.get, pairwise(lower)) if point is not None]
    return sum(points) / len(points) if points else RANDOM
