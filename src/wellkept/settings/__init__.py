"""Typed settings: a class on pydantic whose fields are read from secrets, validated as a whole at start-up.

``model`` is the class people inherit from; ``plan`` knows which secrets a class needs; ``reading``, ``gather``
and ``validate`` are the three steps of a load, ``reasons`` and ``explain`` say what went wrong without any
value; ``env_example`` and ``schema`` write a class down for people and tools. Needs the extra ``settings``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .problems import Problem
from .reference import From

if TYPE_CHECKING:
    from .dotted import from_dotted
    from .env_example import example
    from .model import Settings
    from .pydantic_source import WellkeptSettingsSource, build
    from .rules import Url
    from .schema import json_schema

__all__ = [
    "From",
    "Problem",
    "Settings",
    "Url",
    "WellkeptSettingsSource",
    "build",
    "example",
    "from_dotted",
    "json_schema",
]

_HOMES = {
    "Settings": "model",
    "Url": "rules",
    "WellkeptSettingsSource": "pydantic_source",
    "build": "pydantic_source",
    "example": "env_example",
    "from_dotted": "dotted",
    "json_schema": "schema",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value
