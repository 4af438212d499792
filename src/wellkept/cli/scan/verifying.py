"""``--verify``: which of the findings work; ``--explain``: what would be asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..output import note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...scanning.finding import Finding
    from ...scanning.rule import Rule


def verified(findings: list[Finding], rules: Sequence[Rule], *, explain: bool) -> list[Finding]:
    """The findings with what their providers said; with ``explain`` as they are, and the requests on stderr, masked.

    Raises ``ConfigError`` for ``$WELLKEPT_VERIFY_ENDPOINTS``.
    """
    from ...scanning.verify.verifier import Verifier, endpoints, shown

    by_id = {rule.id: rule for rule in rules}
    own = endpoints()
    if explain:
        used = [by_id[finding.rule].verify for finding in findings if finding.rule in by_id]
        for name in sorted({name for name in used if name}):
            text = shown(name, own)
            sys.stderr.write(f"{name}\n{_indented(text)}\n\n" if text else f"{name}: cannot be asked\n\n")
        note("nothing was sent; leave out --explain to send these requests")
        return findings
    with Verifier(endpoints=own) as verifier:
        return verifier.verify(findings, by_id)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
