"""``sys/``: the server about itself, one file an area. Each has ``routes(service)``; ``AREAS`` says which there are.

Source of paths, words and bodies: OpenBao 2.7, asked.
"""

from __future__ import annotations

from .engine import System

__all__ = ["System"]
