"""``From``: which secret a field is read from, where its own name does not say it."""

from __future__ import annotations

from ..errors import ConfigError


class From:
    """Put it in a field's annotation: ``password: Annotated[Secret, From("billing/database#password")]``.

    ``name`` is the secret's name, with ``#field`` for one field of a JSON object; ``None`` leaves the name that
    the field has without it. ``public=True`` says that the value is no secret: ``repr`` and ``model_dump_json``
    then show it. Raises ``ConfigError`` for an empty name or an empty part of one.
    """

    __slots__ = ("name", "public")

    def __init__(self, name: str | None = None, *, public: bool = False) -> None:
        if name is not None and (not name or name.startswith("#") or name.endswith("#")):
            raise ConfigError(f"From({name!r}): expected the name of a secret, or name#field")
        self.name = name
        self.public = public

    def __repr__(self) -> str:
        return f"From({self.name!r}{', public=True' if self.public else ''})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, From) and (self.name, self.public) == (other.name, other.public)

    def __hash__(self) -> int:
        return hash((self.name, self.public))


def split(reference: str) -> tuple[str, str | None]:
    """``name#field`` as its two parts; the second is ``None`` where there is no ``#``."""
    base, mark, field = reference.partition("#")
    return base, field if mark else None
