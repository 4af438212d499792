"""Leak detection: rules, the engine that matches them, what is scanned, and the findings.

The way of a byte: a *target* yields *items* (a file, a blob, a layer), a worker reads it in overlapping
windows, the *engine* finds candidates of all rules in one pass, each candidate is *confirmed* (exact span,
entropy, check, context) and becomes a ``Finding``; what could not be looked at becomes a ``Problem``.
Nothing is imported here, so that a scan of a staged change pays for what it uses only.
"""
