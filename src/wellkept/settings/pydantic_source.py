"""For applications that have pydantic-settings already: wellkept as one of its sources. Needs the extra of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from ..errors import WellkeptError
from ..loader.failures import again
from .explain import explained
from .gather import Gathered, gather
from .plan import plan_of
from .problems import settings_error
from .reading import read
from .reasons import raised
from .validate import Fault, faults_of

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from .plan import Leaf
    from .reading import Origin

S = TypeVar("S", bound=BaseSettings)


class WellkeptSettingsSource(PydanticBaseSettingsSource):
    """Return it from ``settings_customise_sources``; the class stays what it is, ``BaseSettings`` and all.

    ``source`` and ``options`` are those of ``Settings.load``. Names come from the fields, with ``env_prefix`` and
    ``env_nested_delimiter``, from string aliases, or from ``From``. What is not found is left to the next source
    and the default; anything else that keeps a secret from being read raises ``SettingsError`` with all such
    problems, unless a source before this one has the field.
    """

    def __init__(self, settings_cls: type[BaseSettings], source: Origin = None, **options: Any) -> None:
        super().__init__(settings_cls)
        self._origin = source
        self._options = options

    def __call__(self) -> dict[str, Any]:
        plan = plan_of(self.settings_cls)
        taken: dict[str, Any] = getattr(self, "_current_state", {})
        plan = plan._replace(leaves=tuple(leaf for leaf in plan.leaves if not _has(taken, leaf)))
        names = dict.fromkeys(leaf.name for leaf in plan.leaves)
        gathered = gather(plan, *read(list(names), self._origin, self._options))
        problems = explained(plan, [], gathered)
        if problems:
            gathered.data.clear()
            raise settings_error(plan.title, problems)
        return gathered.data

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Part of pydantic-settings' protocol for sources that read field by field, which this one does not."""
        return None, field_name, False


def build(model: type[S], /, **values: Any) -> S:
    """``model(**values)``, but raising ``SettingsError`` where that raises an error that holds values.

    Pydantic's ``ValidationError`` carries what was refused, whatever ``hide_input_in_errors`` says.
    """
    failure: WellkeptError
    try:
        return model(**values)
    except WellkeptError as error:
        failure = again(error)
    except ValidationError as error:
        failure = settings_error(model.__name__, explained(plan_of(model), faults_of(error), Gathered()))
    except Exception as error:
        faults = [Fault((), "crash", raised(error, ()))]
        failure = settings_error(model.__name__, explained(plan_of(model), faults, Gathered()))
    values.clear()
    raise failure


def _has(taken: dict[str, Any], leaf: Leaf) -> bool:
    """Whether a source with precedence has given this field already."""
    at: Any = taken
    for key, field in zip(leaf.keys, leaf.path, strict=True):
        if not isinstance(at, dict) or (key not in at and field not in at):
            return False
        at = at[key] if key in at else at[field]
    return True
