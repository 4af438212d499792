"""``sys/loggers``: how much this process says, by the names of its Python loggers below ``wellkept``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..form import Field, Route, bad
from ..request import Response

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service

_FIELDS = {"name": Field(clear=True), "level": Field(clear=True)}
_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "notice": logging.INFO,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "err": logging.ERROR,
    "error": logging.ERROR,
}
_NAMES = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warn", logging.ERROR: "error"}
_ROOT = "wellkept"
_USUAL = ("core", "audit", "expiration", "server", "storage")


def routes(service: Service) -> list[Route]:
    return [
        Route(r"loggers", _FIELDS, {"read": _all, "update": _set_all, "delete": _reset_all}),
        Route(r"loggers/(?P<name>.+)", _FIELDS, {"read": _one, "update": _set, "delete": _reset}),
    ]


def _names() -> list[str]:
    known = logging.root.manager.loggerDict
    made = [name.removeprefix(_ROOT + ".") for name in known if name.startswith(_ROOT + ".")]
    return sorted({*_USUAL, *made})


def _logger(name: str) -> logging.Logger:
    if name not in _names():
        raise bad(f'logger "{name}" not found')
    return logging.getLogger(f"{_ROOT}.{name}")


def _shown(logger: logging.Logger) -> str:
    return _NAMES.get(logger.getEffectiveLevel(), "info")


def _level(call: Call) -> int:
    given: str = call.data["level"]
    if not given:
        raise bad("level is required")
    level = _LEVELS.get(given.lower())
    if level is None:
        raise bad(f"invalid level provided: unknown log level: {given}")
    return level


def _all(call: Call) -> Response:
    return Response({name: _shown(_logger(name)) for name in _names()})


def _one(call: Call) -> Response:
    name: str = call.data["name"]
    return Response({name: _shown(_logger(name))})


def _set_all(call: Call) -> None:
    level = _level(call)
    for name in _names():
        _logger(name).setLevel(level)


def _set(call: Call) -> None:
    level = _level(call)
    _logger(call.data["name"]).setLevel(level)


def _reset_all(call: Call) -> None:
    for name in _names():
        _logger(name).setLevel(logging.NOTSET)


def _reset(call: Call) -> None:
    _logger(call.data["name"]).setLevel(logging.NOTSET)
