"""``Refusal``: an answer that is not the one asked for, in the words that Vault's clients match on.

Engines and ``sys/`` raise it where OpenBao answers with a status and texts of its own. Every other kind of
our errors maps to HTTP by its ``status`` and its message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import WellkeptError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Refusal(WellkeptError):
    """``status`` is HTTP's, ``errors`` the texts of the body (none is common for 404).

    ``data``: a body besides (a 404 of a deleted KV version shows its metadata); ``warnings`` likewise.
    Never a value in any of the texts.
    """

    def __init__(
        self,
        status: int,
        *errors: str,
        data: Mapping[str, Any] | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        super().__init__("; ".join(errors) or f"refused with status {status}")
        self.status = status
        self.errors = errors
        self.data = data
        self.warnings = warnings


PERMISSION_DENIED = "permission denied"


def denied() -> Refusal:
    """403, and not a word about why: whether the path exists is nobody's business either."""
    return Refusal(403, PERMISSION_DENIED)


def missing() -> Refusal:
    """404 without a text, as a read of nothing is answered."""
    return Refusal(404)


def unsupported_operation() -> Refusal:
    return Refusal(405, one_error("unsupported operation"))


def unsupported_path() -> Refusal:
    return Refusal(404, one_error("unsupported path"))


def one_error(text: str) -> str:
    """``text`` as OpenBao prints a list of one error (go-multierror's form)."""
    return f"1 error occurred:\n\t* {text}\n\n"
