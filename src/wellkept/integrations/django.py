"""Django: settings that come from secrets, and a signing key that rotates without logging anybody out.

In ``settings.py``::

    secrets = wellkept.open()
    SECRET_KEY = secrets.get("DJANGO_SECRET_KEY").reveal()
    DATABASES = {"default": {..., "PASSWORD": secrets.get("DATABASE_PASSWORD").reveal()}}

and in an ``AppConfig.ready``::

    follow_secret_key(secrets, "DJANGO_SECRET_KEY")
    bind("default", secrets.credential("DATABASE_PASSWORD"))     # integrations.pools
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..loader.events import Change
    from ..loader.secrets import Secrets

KEPT = 3
"""Former keys that are accepted at most."""


def follow_secret_key(secrets: Secrets, name: str, *, keep: int = KEPT) -> Callable[[], None]:
    """Let ``settings.SECRET_KEY`` follow the secret ``name``; returns what ends that.

    A former key moves to ``SECRET_KEY_FALLBACKS`` (the newest first, ``keep`` of them at most), where Django goes on
    accepting what was signed with it: sessions, tokens, cookies. The version before the current one, where the
    source has it, is there from the start, so that a process which starts after a rotation accepts it too.
    """
    from django.conf import settings

    current = secrets.get(name).reveal()
    try:
        before = [secrets.previous(name).reveal()]
    except NotFound:
        before = []
    _apply(settings, current, [*before, *settings.SECRET_KEY_FALLBACKS], keep)

    def change(news: Change) -> None:
        _apply(settings, news.new.reveal(), [news.old.reveal(), *settings.SECRET_KEY_FALLBACKS], keep)

    return secrets.on_change(name, change)


def _apply(settings: Any, current: str, former: list[str], keep: int) -> None:
    kept = [key for key in dict.fromkeys(former) if key != current][:keep]
    # The fallbacks first: at no moment is a key that was accepted refused.
    settings.SECRET_KEY_FALLBACKS = [
        *kept,
        *([settings.SECRET_KEY] if settings.SECRET_KEY not in (current, *kept) else []),
    ][:keep]
    settings.SECRET_KEY = current
