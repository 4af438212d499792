"""``run`` with ``--watch``, ``--redact`` or ``--files``: the parts put together, and taken apart at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import run
from .supervise.loop import Loop, Watch
from .usage import Usage
from .values import names_in, select

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..sources.base import Source
    from .context import Place
    from .run import Options
    from .supervise.files import SecretFiles
    from .supervise.streams import Redacting

SECRETS_DIR = "WELLKEPT_SECRETS_DIR"

LOCAL = ("store:", "dotenv:", "dir:", "env:")
LOCAL_INTERVAL = 1.0
REMOTE_INTERVAL = 30.0
"""Seconds between looks for changes: a service elsewhere is not asked every second."""


def stay(options: Options, place: Place) -> int:
    """The exit code of the command."""
    watching, redacting = "--watch" in options.flags, "--redact" in options.flags
    chosen = _signal(options)
    files = _files(options)
    try:
        handed = Handed(options, place.source(), files, learn=redacting)
        watch = None
        if watching or redacting:
            watch = Watch(
                handed.poll,
                interval=_seconds(
                    options, "--interval", LOCAL_INTERVAL if _is_local(place) else REMOTE_INTERVAL
                ),
                # Without --watch changes are looked for all the same: the redactor must know the new values.
                signal=chosen if watching else 0,
                grace=_seconds(options, "--grace", 10.0),
            )
        redactor = _redactor if redacting else None
        try:
            return Loop(options.command, handed.environment, watch=watch, redactor=redactor).run()
        except OSError as error:
            failure = error
        return run.cannot_start(failure, options.command[0], handed.secrets)
    finally:
        if files is not None:
            files.remove()


class Handed:
    """What the command is given: the environment, and perhaps files; read anew when the source has changed."""

    def __init__(self, options: Options, source: Source, files: SecretFiles | None, *, learn: bool) -> None:
        self._options = options
        self._source = source
        self._files = files
        self._learn = learn
        self._changed = _change_detector(
            source
        )  # before the first read, so that no change falls between them
        self.secrets = select(source, options.only)
        self.environment = self._hand_over()

    def poll(self) -> Mapping[str, str] | None:
        """The new environment, or ``None`` when nothing has changed. Raises what reading raises."""
        if not self._changed():
            return None
        secrets = select(self._source, self._options.only)
        if secrets == self.secrets:
            return None
        self.secrets = secrets
        self.environment = self._hand_over()
        return self.environment

    def _hand_over(self) -> Mapping[str, str]:
        if self._learn:
            from ..redaction.known import DEFAULT

            DEFAULT.remember_all(self.secrets.values())
        override = "--no-override" not in self._options.flags
        if self._files is None:
            return run.build_environment(self.secrets, override=override)
        self._files.update({name: secret.reveal_bytes() for name, secret in self.secrets.items()})
        return {**run.build_environment({}), SECRETS_DIR: self._files.path}


def _change_detector(source: Source) -> Callable[[], bool]:
    """Whether something may have changed since the last call.

    Where a source has a revision that is compared, which costs and records nothing; of a chain, each of its
    sources; another source is read again, and its values compared.
    """
    parts = [_change_detector(each) for each in getattr(source, "sources", ())]

    def one_of_them() -> bool:
        looked = [part() for part in parts]  # each has to look, even after the first that found something
        return True in looked

    def values() -> object:
        answers = source.read_many(names_in(source)).items()
        return {name: type(found) if isinstance(found, Exception) else found for name, found in answers}

    if parts:
        return one_of_them
    look: Callable[[], object] = getattr(source, "revision", None) or values
    last = look()

    def changed() -> bool:
        nonlocal last
        before, last = last, look()
        return last != before

    return changed


def _is_local(place: Place) -> bool:
    return all(url.startswith(LOCAL) for url in place.urls)


def _files(options: Options) -> SecretFiles | None:
    from .supervise.files import SecretFiles, memory_directory

    if "--files-in" in options.values:
        return SecretFiles(options.values["--files-in"])
    return SecretFiles(memory_directory()) if "--files" in options.flags else None


def _redactor() -> Redacting:
    from ..redaction.stream import StreamRedactor

    return StreamRedactor()


def _signal(options: Options) -> int | None:
    import signal

    name = options.values.get("--signal")
    if name is None:
        return None
    found = getattr(signal, "SIG" + name.upper().removeprefix("SIG"), None)
    if not isinstance(found, signal.Signals):
        raise Usage(f"unknown signal {name!r}; HUP, USR1, USR2, TERM, ...")
    return found


def _seconds(options: Options, option: str, default: float) -> float:
    text = options.values.get(option)
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86400:
        raise Usage(f"{option} takes seconds, more than 0")
    return seconds
