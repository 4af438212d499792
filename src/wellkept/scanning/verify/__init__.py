"""``--verify``: whether a credential that was found works still, by one read-only call to its provider.

Off unless asked for: it sends the credential to where it belongs, and the provider's log will show that. What is
asked is written in ``providers.toml``; ``aws`` signs its request. Nothing of a request or an answer is logged or
kept but the outcome.
"""
