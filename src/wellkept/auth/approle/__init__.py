"""AppRole: machines log in with a role's identifier and a secret-id that somebody handed to them.

Paths: ``role/``, ``role/NAME`` and its fields one by one, ``role/NAME/secret-id`` and its like, ``login``,
``tidy/secret-id``. Parts: ``roles`` (the role's record), ``fields`` (the routes of single fields), ``secretids``
(records of secret-ids), ``handlers`` for both, ``login``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...core.registry import EngineContext
    from .engine import AppRole


def make(context: EngineContext) -> AppRole:
    """The engine for one mount."""
    from .engine import AppRole

    return AppRole(context.derive("approle"))
