"""Names of policies on their way into a token: one spelling each, in order, ``root`` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = "root"
DEFAULT = "default"
UNASSIGNABLE = frozenset({"response-wrapping", "operator"})
"""Built in for other uses; no token is given them by name."""


def sanitize(names: Iterable[str], *, default: bool) -> tuple[str, ...]:
    """The names in lower case, trimmed, each once, in order, with ``default`` where it is wanted.

    ``root`` in whatever case, and with whatever space around it, is root, and then nothing else is.
    """
    found = {name.strip().lower() for name in names}
    found.discard("")
    if ROOT in found:
        return (ROOT,)
    if default:
        found.add(DEFAULT)
    return tuple(sorted(found))


def normalised(names: Iterable[str]) -> tuple[str, ...]:
    """As ``sanitize``, but nothing is added and ``root`` may stand among others: for comparing."""
    found = {name.strip().lower() for name in names}
    found.discard("")
    return tuple(sorted(found))
