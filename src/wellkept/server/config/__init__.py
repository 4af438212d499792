"""A server's configuration from files: TOML, and Vault's own HCL and JSON. ``load`` reads and checks all of it."""

from __future__ import annotations

from .load import Loaded, load

__all__ = ["Loaded", "load"]
