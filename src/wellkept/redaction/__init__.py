"""Redaction: what must not be printed, recognised by value (fed by the loader) and by shape.

``known`` is the registry of values, cheap to feed; everything else here loads when it is first used, so
that a program that never logs a secret pays nothing.
"""
