"""Encryption of everything that storage holds: the barrier, its key ring, and the seals around the root key.

Above this room values are plaintext, below it they are not. Names (storage keys) are in clear in both.
"""

from __future__ import annotations

from .barrier import Barrier
from .sealconfig import read_seal_config

__all__ = ["Barrier", "read_seal_config"]
