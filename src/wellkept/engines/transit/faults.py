"""Why an item was refused. In a batch, one item's fault is told beside the others' results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ...core.form import bad, unforeseen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ...core.refusal import Refusal

T = TypeVar("T")


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


def of_the_request(action: Callable[[], T]) -> T:
    """What ``action`` returns; its fault becomes the refusal of the whole request, without the frames that it left."""
    try:
        return action()
    except Fault as error:
        fault = error
    raise fault.refusal()


def of_each(
    items: Iterable[Mapping[str, str]],
    act: Callable[[Mapping[str, str]], dict[str, Any]],
    *,
    batch: bool,
    blank: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """The result of ``act`` for each item, with its reference. In a ``batch`` a faulty item has ``blank`` and what was
    wrong with it; alone, its fault is the request's."""
    results = []
    for item in items:
        fault: Fault | None = None
        result: dict[str, Any] = {}
        try:
            result = act(item)
        except Fault as error:
            fault = error
        if fault is not None:
            if not batch:
                raise fault.refusal()
            result = {**blank, "error": fault.text}
        results.append({**result, "reference": item.get("reference", "")})
    return results
