"""Redaction: what must not be printed, recognised by value (fed by the loader) and by shape.

``known`` is the registry of values, cheap to feed; everything else here loads when it is first used, so
that a program that never logs a secret pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .exceptions import install_excepthook, stand_in
    from .known import Known, forget, remember
    from .log import RedactingFilter, install_logging
    from .redactor import FAILED, Redactor, default
    from .shape import Shape
    from .shapes import SHAPES
    from .stream import StreamRedactor
    from .text_stream import RedactingStream
    from .tree import redact_tree

_HOMES = {
    "FAILED": "redactor",
    "Known": "known",
    "RedactingFilter": "log",
    "RedactingStream": "text_stream",
    "Redactor": "redactor",
    "SHAPES": "shapes",
    "Shape": "shape",
    "StreamRedactor": "stream",
    "default": "redactor",
    "forget": "known",
    "install_excepthook": "exceptions",
    "install_logging": "log",
    "redact_tree": "tree",
    "remember": "known",
    "stand_in": "exceptions",
}

__all__ = [
    "FAILED",
    "SHAPES",
    "Known",
    "RedactingFilter",
    "RedactingStream",
    "Redactor",
    "Shape",
    "StreamRedactor",
    "default",
    "forget",
    "install_excepthook",
    "install_logging",
    "redact_tree",
    "remember",
    "stand_in",
]


def __getattr__(name: str) -> Any:
    """The public names, each from its own module, at first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{home}", __name__), name)
