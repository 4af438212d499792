"""``Secret``: a value that does not print, log, pickle or format itself.

A source wraps what it reads at once; ``.reveal()`` and its kin are the only ways out, easy to search
for. Everything else that Python does with an object (``repr``, ``str``, ``format``, ``json``, ``pickle``,
``copy``) shows the name and version, or refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from .errors import Malformed, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

MASK = "**********"
"""What stands where a value would have been printed."""


class Secret:
    """A named value with a version.

    ``value`` is text or bytes. ``name`` and ``version`` identify it (``version`` is a string, or ``None``
    where the source has no versions); ``source`` is the printable URL it came from; ``created`` is when this
    version was made, in seconds since the epoch, where the source knows. None of those is secret.
    """

    __slots__ = ("_value", "created", "name", "source", "version")
    _value: str | bytes
    name: str
    version: str | None
    source: str
    created: float | None

    def __init__(
        self,
        value: str | bytes,
        *,
        name: str = "",
        version: str | None = None,
        source: str = "",
        created: float | None = None,
    ) -> None:
        if not isinstance(value, (str, bytes)):
            raise TypeError(f"a Secret holds str or bytes, not {type(value).__name__}")
        fill = object.__setattr__  # our own asks whether the attribute is there already, five times
        fill(self, "_value", value)
        fill(self, "name", name)
        fill(self, "version", version)
        fill(self, "source", source)
        fill(self, "created", created)

    def reveal(self) -> str:
        """The value as text. Raises ``Malformed`` when it is binary that is not UTF-8."""
        value = self._value
        if isinstance(value, str):
            return value
        text = _decode(value)
        if text is None:
            raise Malformed(
                f"secret {self.name!r} is binary; use reveal_bytes()", name=self.name, source=self.source
            )
        return text

    def reveal_bytes(self) -> bytes:
        """The value as bytes; text as UTF-8."""
        value = self._value
        return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value

    def reveal_json(self) -> Any:
        """The value parsed as JSON. Raises ``Malformed`` when it is not JSON."""
        import json

        parsed, ok = _try(lambda: json.loads(self._value))
        if not ok:
            raise Malformed(f"secret {self.name!r} is not JSON", name=self.name, source=self.source)
        return parsed

    def field(self, key: str) -> Secret:
        """One field of a JSON object as a secret of its own, named ``name#key``.

        Text fields come as they are, others as JSON text. Raises ``Malformed`` when the value is no JSON
        object, ``NotFound`` when it has no such field.
        """
        parsed = self.reveal_json()
        if not isinstance(parsed, dict):
            raise Malformed(
                f"secret {self.name!r} is JSON but not an object, so it has no field {key!r}",
                name=self.name,
                source=self.source,
            )
        if key not in parsed:
            raise NotFound(
                f"secret {self.name!r} has no field {key!r}", name=f"{self.name}#{key}", source=self.source
            )
        item = parsed[key]
        if not isinstance(item, str):
            import json

            item = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        return Secret(
            item, name=f"{self.name}#{key}", version=self.version, source=self.source, created=self.created
        )

    @property
    def is_binary(self) -> bool:
        """Whether the value is bytes that are not UTF-8 text."""
        return isinstance(self._value, bytes) and _decode(self._value) is None

    def __repr__(self) -> str:
        version = "" if self.version is None else f", version={self.version!r}"
        return f"<Secret {self.name!r}{version}>"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        """Equal to another ``Secret`` of the same bytes, compared in constant time; never to a plain string."""
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest

        return compare_digest(self.reveal_bytes(), other.reveal_bytes())

    def __hash__(self) -> int:
        return hash(self.reveal_bytes())

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled; pass its name and read it where it is needed")

    def __setattr__(self, key: str, value: object) -> None:
        if key in _FROZEN and hasattr(self, key):
            raise AttributeError("a Secret cannot be changed")
        object.__setattr__(self, key, value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Lets pydantic models hold a ``Secret``: takes a ``Secret``, text or bytes; in JSON it is the mask."""
        from pydantic_core import core_schema

        def wrap(value: Any) -> Secret:
            if isinstance(value, Secret):
                return value
            if isinstance(value, (str, bytes)):
                return cls(value)
            raise ValueError("expected a Secret, text or bytes")

        return core_schema.no_info_plain_validator_function(
            wrap, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "format": "password", "writeOnly": True}


class TextSecret(Secret):
    """The text of a secret that its store keeps as ``{"value": text}``: also reachable as ``name#value``."""

    __slots__ = ()

    def field(self, key: str) -> Secret:
        """As of any ``Secret``; ``value`` is the text itself, unless the text is an object that has such a field."""
        if key != "value":
            return super().field(key)
        try:
            return super().field(key)
        except (Malformed, NotFound):
            pass  # the text is no object with a field of that name: the engine's own field is meant
        return Secret(
            self._value,
            name=f"{self.name}#value",
            version=self.version,
            source=self.source,
            created=self.created,
        )


_FROZEN = frozenset(Secret.__slots__)


def _decode(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _try(action: Callable[[], Any]) -> tuple[Any, bool]:
    """Run ``action``; an error becomes a flag, so that no exception that quotes the value is ever chained."""
    try:
        return action(), True
    except (ValueError, RecursionError):
        return None, False
