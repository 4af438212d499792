"""``Settings``: a pydantic model whose fields are read from secrets, and which prints none of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

try:
    from pydantic import BaseModel, ConfigDict, model_serializer
except ModuleNotFoundError as error:
    if error.name != "pydantic":
        raise
    raise ModuleNotFoundError(
        "wellkept.Settings needs pydantic: pip install 'wellkept[settings]'", name="pydantic"
    ) from None

from ..errors import SettingsError, WellkeptError
from .plan import plan_of
from .reading import read, read_async
from .validate import checked, validated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from pydantic import GetCoreSchemaHandler, SerializationInfo, SerializerFunctionWrapHandler
    from pydantic_core import CoreSchema

    from .problems import Problem
    from .reading import Origin


class Settings(BaseModel):
    """Inherit, declare fields, call ``load``.

    A field is read from the secret of its own name in upper case, or from the one that ``From`` names. Class
    keywords: ``prefix`` is put before the names that come from fields (``class A(Settings, prefix="APP_")``);
    ``empty_is_missing=True`` lets empty text count as not there. Instances are frozen. ``repr``, ``str`` and
    ``model_dump_json`` hide every value except those of fields whose possible values stand in the code
    (booleans, enumerations, literals), defaults, and fields marked ``From(public=True)``.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        ser_json_bytes="base64",
        protected_namespaces=("model_validate", "model_dump"),
    )

    __wellkept_prefix__: ClassVar[str] = ""
    __wellkept_empty_is_missing__: ClassVar[bool] = False

    def __init_subclass__(
        cls, *, prefix: str | None = None, empty_is_missing: bool | None = None, **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        if prefix is not None:
            cls.__wellkept_prefix__ = prefix
        if empty_is_missing is not None:
            cls.__wellkept_empty_is_missing__ = empty_is_missing

    @classmethod
    def load(cls, source: Origin = None, **options: Any) -> Self:
        """Read every field's secret in one batch, and validate them together.

        ``source`` is a source's URL or several (a chain), a ``Source``, or ``Secrets`` that the application has
        open already; without one, ``wellkept.toml`` says. ``options`` are those of ``wellkept.open``. Raises
        ``SettingsError`` with every problem, ``ConfigError`` where ``source`` or the class itself is wrong.
        """
        instance, problems = validated(cls, *read(plan_of(cls).names, source, options))
        if instance is None:
            raise _error(cls.__name__, problems)
        return instance

    @classmethod
    async def aload(cls, source: Origin = None, **options: Any) -> Self:
        """``load`` for callers that run in an event loop."""
        instance, problems = validated(cls, *await read_async(plan_of(cls).names, source, options))
        if instance is None:
            raise _error(cls.__name__, problems)
        return instance

    @classmethod
    def load_or_exit(cls, source: Origin = None, **options: Any) -> Self:
        """``load``, or the problems as a table on standard error and the end of the process with exit code 78
        (another error's own code, where the store or the configuration is at fault)."""
        try:
            return cls.load(source, **options)
        except WellkeptError as error:
            failure = error
        _exit(failure)

    def __init__(self, /, **values: Any) -> None:
        """Settings from values in hand, as tests want them. Raises ``SettingsError``, like ``load``."""
        problems = _fill(self, values)
        if problems:
            title = type(self).__name__
            # What is raised shows this frame to error trackers.
            values.clear()
            del self
            raise _error(title, problems)

    # Tells pydantic that this is no reason to go through ``__init__`` when it validates.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if any(info.metadata for info in cls.model_fields.values()):
            from .rules import move_constraints

            move_constraints(cls)
        return handler(source)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        from .hiding import masked_arguments

        return masked_arguments(self)

    @model_serializer(mode="wrap")
    def _mask_in_json(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        from .hiding import mask_json

        serialized: dict[str, Any] = handler(self)
        return mask_json(self, serialized) if info.mode_is_json() else serialized


def _fill(instance: Settings, values: dict[str, Any]) -> list[Problem]:
    """Validate ``values`` into ``instance``; what is wrong with them."""
    model = type(instance)
    faults = checked(
        model, values, lambda data: model.__pydantic_validator__.validate_python(data, self_instance=instance)
    )[1]
    if not faults:
        return []
    from .explain import explained
    from .gather import Gathered

    return explained(plan_of(model), faults, Gathered())


def _error(title: str, problems: Sequence[Problem]) -> SettingsError:
    from .problems import settings_error

    return settings_error(title, problems)


def _exit(error: WellkeptError) -> NoReturn:
    if isinstance(error, SettingsError):
        from .problems import report

        report(error, sys.stderr)
    else:
        sys.stderr.write(f"{error}\n")
    raise SystemExit(error.exit_code)
