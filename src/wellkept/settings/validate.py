"""Validation of a whole settings object: an instance, or every problem, and no exception that holds a value.

Nothing here lets out what pydantic or a validator raised. Such an exception carries the input, and its
traceback the frames whose locals are the input; so it becomes ``Problem``s where it is caught, and is gone by
the time that the caller raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from .gather import gather
from .plan import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..errors import SecretError
    from ..secret import Secret
    from .problems import Problem

M = TypeVar("M", bound=BaseModel)


class Fault(NamedTuple):
    """One of pydantic's errors without its value. ``at`` may still hold keys that came with the value."""

    at: tuple[int | str, ...]
    kind: str
    reason: str


class Crash(NamedTuple):
    """A validator raised something that pydantic does not collect."""

    function: str
    reason: str


def validated(
    model: type[M], found: Mapping[str, Secret | SecretError], where: str
) -> tuple[M | None, list[Problem]]:
    """An instance of ``model`` from what was read, or every problem with it."""
    plan = plan_of(model)
    gathered = gather(plan, found, where)
    instance, faults = checked(model, gathered.data, model.__pydantic_validator__.validate_python)
    if instance is None or gathered.refused:
        # Imported when something is wrong: start-up is measured, and nothing is, most of the time.
        from .explain import explained

        return None, explained(plan, faults, gathered)
    return instance, []


def checked(
    model: type[BaseModel], data: dict[str, Any], validate: Callable[[dict[str, Any]], M]
) -> tuple[M | None, list[Fault]]:
    """The instance that ``validate`` makes of ``data``, or what is wrong, also when a validator crashes."""
    instance, faults, crash = _attempt(data, validate)
    crashed: list[Fault] = []
    while crash is not None:
        culprit = _culprit(model, data, crash, validate)
        crashed.append(Fault(() if culprit is None else (culprit,), "crash", crash.reason))
        if culprit is None:
            break
        # Without the field that made it crash, validation gets to the others.
        data = {key: value for key, value in data.items() if key != culprit}
        _, faults, crash = _attempt(data, validate)
    if crashed:
        places = {fault.at for fault in crashed}
        return None, [*crashed, *(fault for fault in faults if fault.at not in places)]
    return instance, faults


def _attempt(
    data: dict[str, Any], validate: Callable[[dict[str, Any]], M]
) -> tuple[M | None, list[Fault], Crash | None]:
    try:
        return validate(data), [], None
    except ValidationError as error:
        return None, faults_of(error), None
    except Exception as error:
        # Anything else than a ValueError passes through pydantic, and would show its frames to the world.
        return None, [], _crash(error)


def _culprit(
    model: type[BaseModel], data: dict[str, Any], crash: Crash, validate: Callable[[dict[str, Any]], M]
) -> str | None:
    """The key whose value makes validation crash, ``None`` where it is not one field's."""
    if crash.function in model.__pydantic_decorators__.model_validators:
        return None
    so_far: dict[str, Any] = {}
    if _attempt(so_far, validate)[2] is not None:
        return None
    for key, value in data.items():
        so_far[key] = value
        if _attempt(dict(so_far), validate)[2] is not None:
            return key
    return None


def _crash(error: Exception) -> Crash:
    from .reasons import first_function, raised

    return Crash(first_function(error.__traceback__), raised(error, ()))


def faults_of(error: ValidationError) -> list[Fault]:
    """Pydantic's errors without what was refused."""
    from .reasons import reason_of

    return [Fault(item["loc"], item["type"], reason_of(item)) for item in error.errors(include_url=False)]
