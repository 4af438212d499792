"""Django: settings that come from secrets, and a signing key that rotates without logging anybody out.

At the end of ``settings.py``::

    secrets = wellkept.open()
    install(globals(), secrets, {"SECRET_KEY": "DJANGO_SECRET_KEY", "DATABASES.default.PASSWORD": "DATABASE_PASSWORD"})

and in an ``AppConfig.ready``::

    follow_secret_key(secrets, "DJANGO_SECRET_KEY")
    bind("default", secrets.credential("DATABASE_PASSWORD"))     # integrations.pools
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..loader.events import Change
    from ..loader.secrets import Secrets

KEPT = 3
"""Former keys that are accepted at most."""


def install(settings: dict[str, Any], secrets: Secrets, names: Mapping[str, str]) -> None:
    """Put secrets into Django's settings: ``settings`` is ``globals()`` of the settings module.

    ``names`` maps a setting, with dots into dictionaries (made where they are missing), to the secret whose text it
    gets. All are read in one batch. Raises what ``Secrets.get_many`` raises, so that nothing starts half configured;
    ``InvalidRequest`` where a dot leads into something that is no dictionary.
    """
    found = secrets.get_many(names.values())
    for setting, name in names.items():
        *folders, last = setting.split(".")
        at: Any = settings
        for folder in folders:
            at = at.setdefault(folder, {})
            if not isinstance(at, dict):
                raise InvalidRequest(f"the setting {setting!r}: {folder!r} is no dictionary")
        at[last] = found[name].reveal()


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
