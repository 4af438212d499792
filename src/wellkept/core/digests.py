"""Values that appear in the audit record as digests, where the same answer is given many times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping


class Digests(Mapping[str, bytes]):
    """The values by name, until somebody has made their text in the record of them; from then on only that text.

    So an engine may keep it as long as its answer stays the same, and keeps no plaintext by it.
    """

    __slots__ = ("_values", "fragment")

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self._values = values
        self.fragment: str | None = None

    def text(self, make: Callable[[Mapping[str, bytes]], str]) -> str:
        """The text in the record, made by ``make`` the first time."""
        values = self._values  # looked at first: it is emptied only when there is a fragment
        if self.fragment is None:
            self.fragment = make(values)
            self._values = {}
        return self.fragment

    def __getitem__(self, name: str) -> bytes:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        return True
