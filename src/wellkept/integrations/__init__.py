"""Integrations: thin, optional, each imported by who uses it; none is loaded by anything else here."""
