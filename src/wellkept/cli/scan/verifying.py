"""``--verify``: which of the findings work; ``--explain``: what would be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ConfigError

if TYPE_CHECKING:
    from ...scanning.finding import Finding


def verified(findings: list[Finding], *, explain: bool) -> list[Finding]:
    """The findings with what their providers said."""
    raise ConfigError("--verify is not there yet")
