"""``cubbyhole/``: each token's own place, which no other token sees, not even root's; gone with the token.

Entries lie under the token's cubbyhole id, so that ending a token is removing one folder (``forget``).
"""

from .engine import Cubbyhole, forget, make

__all__ = ["Cubbyhole", "forget", "make"]
