"""``transit``: encryption as a service. Clients hand in what is to be encrypted, signed or hashed; keys stay here.

What is sealed, signed and backed up has the forms of OpenBao's, and either reads the other's.
"""

from .engine import Transit, make

__all__ = ["Transit", "make"]
