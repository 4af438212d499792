"""An ordered key-value store with transactions: the protocol, and SQLite as the embedded default.

This room keeps bytes safe: durable, atomic, ordered, and checked for damage. It does not know what the
bytes mean, nor any key; encryption is the barrier's.
"""
