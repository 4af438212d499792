"""Leases: what was given out for a time, and its undoing when that is over."""
