"""Why an item was refused. In a batch, one item's fault is told beside the others' results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.form import bad, unforeseen

if TYPE_CHECKING:
    from ...core.refusal import Refusal


class Fault(Exception):
    """``foreseen``: OpenBao knows it for the client's mistake; other faults have another form there.

    The text holds nothing of what was given.
    """

    def __init__(self, text: str, *, foreseen: bool = True) -> None:
        super().__init__(text)
        self.text = text
        self.foreseen = foreseen

    def refusal(self) -> Refusal:
        """The same for a whole request."""
        return bad(self.text) if self.foreseen else unforeseen(self.text)


def strange(text: str) -> Fault:
    """A fault that OpenBao does not foresee."""
    return Fault(text, foreseen=False)


SOFT_DELETED = "refusing to use soft-deleted key"
TOO_OLD = "ciphertext or signature version is disallowed by policy (too old)"
