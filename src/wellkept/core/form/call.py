"""What a handler gets (``Call``) and how it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..refusal import Refusal, one_error
from .convert import CONVERTERS, Unconvertible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..request import Request
    from ..view import View
    from .fields import Field


def bad(*texts: str) -> Refusal:
    """400: the request is wrong, in these words."""
    return Refusal(400, *texts)


def unforeseen(text: str) -> Refusal:
    """400 where OpenBao answers 500, because it did not foresee that the error is the client's; its words and form."""
    return Refusal(400, one_error(text))


_NO_PARTS: dict[str, str] = {}


class Data:
    """A request's fields, converted. ``raw`` is what was sent; parts of the path stand in it too, over the rest."""

    __slots__ = ("_parts", "_values", "fields", "raw")

    def __init__(
        self, raw: Mapping[str, Any], fields: Mapping[str, Field], parts: Mapping[str, str] = _NO_PARTS
    ) -> None:
        self.raw = raw
        self.fields = fields
        self._parts = parts
        self._values: dict[str, Any] = {}

    def check(self, prefix: str) -> None:
        """Convert all. Raises a ``Refusal`` that begins with ``prefix`` and names the first that does not fit."""
        failure = ""
        for name, value in self.raw.items():
            field = self.fields.get(name)
            if field is None:
                continue
            try:
                converted = CONVERTERS[field.kind](value)
            except Unconvertible as error:
                failure = f'{prefix}error converting input for field "{name}": {error}'
                if field.kind == "pairs" and str(error).startswith("invalid key pair"):
                    failure += f' in field "{name}"'
                break
            if converted is not None:
                self._values[name] = converted
        if failure:
            raise bad(failure)

    def __getitem__(self, name: str) -> Any:
        """The field's value, or what it is worth when absent."""
        value = self._values.get(name)
        return self.fields[name].absent() if value is None else value

    def __contains__(self, name: object) -> bool:
        """Whether the field was given."""
        return name in self._values

    @property
    def unknown(self) -> list[str]:
        return sorted(str(name) for name in self.raw if name not in self.fields)

    def clear(self) -> dict[str, Any]:
        """What the audit record shows as it is. Parts of the path stand in the path."""
        fields, parts = self.fields, self._parts
        return {
            name: value for name, value in self._values.items() if fields[name].clear and name not in parts
        }

    def hidden(self) -> dict[str, bytes]:
        """What it shows as digests only: also what is no field."""
        found: dict[str, bytes] = {}
        for name, value in self.raw.items():
            if name in self._parts:
                continue
            if name not in self._values or not self.fields[name].clear:
                found.update(digested(name, value))
        return found


def digested(name: str, value: Any, depth: int = 4) -> dict[str, bytes]:
    """``value`` as the audit record digests it: an object field by field, so that each can be looked for by
    ``sys/audit-hash``; what is no text, in its JSON form."""
    if isinstance(value, str):
        return {name: value.encode("utf-8", "surrogatepass")}
    if not isinstance(value, dict) or not 0 < len(value) <= _MOST_FIELDS or depth == 0:
        return {name: _dumped(value)}
    found: dict[str, bytes] = {}
    for key, child in value.items():
        found.update(digested(f"{name}.{key}", child, depth - 1))
    return found


_MOST_FIELDS = 64


def _dumped(value: Any) -> bytes:
    import json

    return json.dumps(value, separators=(",", ":"), default=str).encode("utf-8", "surrogatepass")


class Call:
    """One request at its handler: ``data``, ``view`` (writing where the operation writes), ``now``."""

    __slots__ = ("data", "now", "operation", "request", "result", "view")

    def __init__(self, request: Request, operation: str, data: Data) -> None:
        self.request = request
        self.operation = operation
        self.data = data
        self.view: View = _NOWHERE
        self.now = 0.0
        self.result: Any = None


_NOWHERE: Any = None
"""Until the core runs the command, there is no view."""
