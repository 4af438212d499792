"""Requests in Vault's form: paths with named parts, fields with types, and one handler an operation.

An engine that speaks Vault's API lists its ``Route``s and inherits ``Routed``; the rules that all of them
share (which path and method there are, how a text becomes a number, which words a refusal has, what is warned
of) stand here once. They are OpenBao's, whose clients match on the words.
"""

from .call import Call, Data, bad, unforeseen
from .fields import Field
from .route import Op, Route, Routed

__all__ = ["Call", "Data", "Field", "Op", "Route", "Routed", "bad", "unforeseen"]
