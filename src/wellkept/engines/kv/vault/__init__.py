"""KV version 2 as Vault's API has it, over the very records that the embedded store writes.

Paths under the mount: ``config``, ``data/NAME``, ``metadata/NAME``, ``detailed-metadata/FOLDER``,
``subkeys/NAME``, and ``delete/``, ``undelete/``, ``destroy/NAME``. Statuses, bodies, warnings and the words of
refusals are OpenBao's.
"""

from .engine import VaultKV

__all__ = ["VaultKV"]
