"""User names and passwords. Paths: ``users/``, ``users/NAME``, ``.../password``, ``.../policies``, ``login/NAME``.

A name is its lower case, everywhere: for login, for lockout and as the token's metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...core.registry import EngineContext
    from .engine import UserPass


def make(context: EngineContext) -> UserPass:
    """The engine for one mount."""
    from .engine import UserPass

    return UserPass()
