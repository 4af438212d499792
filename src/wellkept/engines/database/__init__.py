"""Databases: users made on demand and removed on time, and the passwords of accounts that stay."""

from .engine import Database

make = Database

__all__ = ["Database", "make"]
