"""Versioned secrets: Vault's KV version 2, with the union of what other stores keep of a version.

Paths under the mount, ``NAME`` being the secret's:

=================  ==========================================================================
``data/NAME``      read (``version``, ``stage``), update, patch (merge), delete (softly)
``metadata/NAME``  read, update, patch, delete (everything); list of a folder
``delete/NAME``    update with ``versions``: softly
``undelete/NAME``  update with ``versions``
``destroy/NAME``   update with ``versions``: the values are gone
``subkeys/NAME``   read: the structure of a JSON value, without its leaves
``versions/NAME``  update one ``version``: ``enabled``, ``expires``, ``not_before``, ``stage``
=================  ==========================================================================
"""

from .engine import KV

__all__ = ["KV"]
