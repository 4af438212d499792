"""A settings class by its place in the code: ``app.settings:AppSettings``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, WellkeptError

if TYPE_CHECKING:
    from types import TracebackType

    from .model import Settings


def from_dotted(reference: str) -> type[Settings]:
    """The class that ``module:Class`` names, with the working directory importable, as ``python -m`` has it.

    ``module`` alone is enough where it defines a single one. Raises ``ConfigError``: for a reference that is
    none, a module that is not there or does not import (with the file and line of the fault), a name that is
    not in it or is no settings class. What the module itself raises of wellkept's errors passes as it is.
    """
    module_name, colon, class_name = reference.partition(":")
    if (
        not module_name
        or (colon and not class_name)
        or not all(p.isidentifier() for p in module_name.split("."))
    ):
        hint = _as_dotted(module_name)
        raise ConfigError(
            f"{reference!r} names no settings class; write module:Class, as in {hint or 'app.settings'}:"
            f"{class_name or 'AppSettings'}"
        )
    module = _imported(module_name)
    return _picked(module, module_name, class_name) if class_name else _only(module, module_name)


def _as_dotted(path: str) -> str:
    dotted = path.removeprefix("./").removesuffix(".py").strip("/").replace("/", ".")
    return dotted if dotted and all(part.isidentifier() for part in dotted.split(".")) else ""


def _imported(name: str) -> Any:
    from importlib import import_module

    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        return import_module(name)
    except WellkeptError:
        raise
    except Exception as error:
        fault = _fault(name, error, here)
    # Raised out here, and without the module's own words: what it had in hand when it failed may be a value.
    raise ConfigError(fault)


def _fault(name: str, error: Exception, here: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        return f"there is no module {error.name!r} in {here} or among the installed ones"
    if isinstance(error, SyntaxError):
        return f"{name} cannot be imported: {type(error).__name__} in {error.filename}, line {error.lineno}"
    place = _last_place(error.__traceback__)
    if isinstance(error, ImportError) and error.name:
        return f"{name} cannot be imported: it needs {error.name!r}, which cannot be imported ({place})"
    return f"{name} cannot be imported: {type(error).__name__} in {place}; run it by itself to see more"


def _last_place(traceback: TracebackType | None) -> str:
    """File and line of the innermost frame that is not the import system's."""
    place = "an unknown place"
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not filename.startswith("<frozen "):
            place = f"{filename}, line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _picked(module: Any, module_name: str, class_name: str) -> type[Settings]:
    found = module
    for part in class_name.split("."):
        found = getattr(found, part, None)
    if _is_settings(found):
        settings: type[Settings] = found
        return settings
    wrong = (
        f"has no {class_name!r}"
        if found is None
        else f"has {class_name!r}, but it is no class of wellkept.Settings"
    )
    raise ConfigError(f"{module_name} {wrong}; {_offer(module, module_name)}")


def _only(module: Any, module_name: str) -> type[Settings]:
    classes = _classes(module)
    if len(classes) == 1:
        return classes[0]
    raise ConfigError(f"{module_name} alone does not say which class; {_offer(module, module_name)}")


def _offer(module: Any, module_name: str) -> str:
    names = [f"{module_name}:{found.__name__}" for found in _classes(module)]
    return (
        f"there is {', '.join(names)}"
        if names
        else "it defines no class that inherits from wellkept.Settings"
    )


def _classes(module: Any) -> list[type[Settings]]:
    """The settings classes that ``module`` itself defines."""
    own = [
        item for item in vars(module).values() if _is_settings(item) and item.__module__ == module.__name__
    ]
    return list(dict.fromkeys(own))


def _is_settings(item: Any) -> bool:
    from .model import Settings

    return isinstance(item, type) and issubclass(item, Settings) and item is not Settings
