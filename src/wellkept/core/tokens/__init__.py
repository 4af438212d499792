"""Tokens: what a client shows to say who it is; their records, trees, roles and ends."""
