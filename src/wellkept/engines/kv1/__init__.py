"""Unversioned secrets: Vault's KV version 1."""

from .engine import KV1

__all__ = ["KV1"]
