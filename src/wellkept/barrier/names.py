"""Where the barrier keeps its own entries, out of sight of whoever stands on it."""

RESERVED = "barrier/"
"""The folder that is the barrier's own."""

SEAL = "barrier/seal"
"""The seal's configuration, in clear (see ``sealconfig``)."""

KEYRING = "barrier/keyring"
"""The key ring, encrypted under the root key (see ``keyring``)."""
