"""The matcher of the store's own secrets: from a fingerprint file, or made from the store in this process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...errors import ConfigError

if TYPE_CHECKING:
    from argparse import Namespace

    from ...scanning.hooks import KnownMatcher


def matcher(arguments: Namespace) -> KnownMatcher | None:
    """As ``--known`` or ``--store`` ask; none where neither does. Raises ``ConfigError``, ``IntegrityError``."""
    if arguments.known:
        return _from_file(arguments.known, arguments.known_key)
    if arguments.store:
        return _from_store(arguments.store)
    return None


def _from_file(path: str, key_path: str | None) -> KnownMatcher:
    from ...scanning.known import key
    from ...scanning.known.matcher import Matcher

    found = key.find(key_path)
    if found is None:
        from ..context import Place

        place = Place()
        if not place.exists():
            raise ConfigError(
                "the fingerprints need their key: --known-key FILE, $WELLKEPT_SCAN_KEY, or the store"
            )
        with place.open(may_ask=False) as store:
            found = key.from_store(store)
    return Matcher.load(path, found)


def _from_store(path: str) -> KnownMatcher:
    """Fingerprints in a file of this process alone, gone before the scan begins."""
    import tempfile

    from ...scanning.known import key
    from ...scanning.known.matcher import Matcher
    from ...scanning.known.store import fingerprints
    from ..context import Place

    with tempfile.TemporaryDirectory(prefix="wellkept-") as folder, Place(store=path).open() as store:
        name = os.path.join(folder, "fingerprints")
        own = key.from_store(store)
        fingerprints(store, name, key=own)
        return Matcher.load(name, own)
