"""``cmd:COMMAND`` reads what a program prints: ``cmd:pass show {name}``, one run for each read.

The command is split as a shell would split it, and no shell ever sees it; ``{name}`` becomes the secret's name within
its one argument. What the program means by its exit code only its user knows: ``notfound=`` and ``denied=`` say which
codes (several with commas) mean that. Every other failure is ``Unavailable``, because a program that merely failed must
never make a secret look absent.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import ConfigError, Denied, NotFound, SecretError, Unavailable
from ..secret import Secret
from ._cloud import read_timeout
from .base import BaseSource

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from .url import SourceURL

MAX_VALUE = 1024 * 1024
"""Bytes: the store's own limit for a value."""

MAX_NAME = 1024
"""Bytes of a name, as in the store."""

AT_ONCE = 4
"""Programs that one batch runs at a time."""

TIMEOUT = 10.0
"""Seconds for a run whose caller names no other time: a password manager may ask a server of its own."""


class CommandSource(BaseSource):
    """``argv`` with ``{name}`` in one or several of its words after the first; ``timeout`` in seconds.

    ``url`` shows the program only: arguments are often less harmless than they should be.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        not_found: Collection[int] = (),
        denied: Collection[int] = (),
        keep_newline: bool = False,
        timeout: float = TIMEOUT,
    ) -> None:
        if not argv or not any("{name}" in word for word in argv[1:]) or "{name}" in argv[0]:
            raise ConfigError(
                "cmd: is a program and its arguments with {name} in them, as in cmd:pass show {name}"
            )
        if 0 in (*not_found, *denied) or set(not_found) & set(denied):
            raise ConfigError("cmd: an exit code has one meaning, and 0 means that a secret was printed")
        self.argv = tuple(argv)
        self.url = f"cmd:{argv[0]}"
        self._not_found, self._denied = frozenset(not_found), frozenset(denied)
        self._keep_newline = keep_newline
        self._timeout = timeout

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        if version is not None:
            raise NotFound(f"{name!r}: a command's output has no versions", name=name, source=self.url)
        found = self._read(name, self._timeout if timeout is None else timeout)
        if isinstance(found, SecretError):
            raise found
        return found

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """A run each, a few at a time."""
        distinct = list(dict.fromkeys(names))
        if not distinct:
            return {}
        from concurrent.futures import ThreadPoolExecutor

        seconds = self._timeout if timeout is None else timeout
        with ThreadPoolExecutor(min(AT_ONCE, len(distinct)), "wellkept-cmd") as pool:
            return dict(
                zip(distinct, pool.map(lambda name: self._read(name, seconds), distinct), strict=True)
            )

    def _read(self, name: str, timeout: float) -> Secret | SecretError:
        from ._program import run

        refusal = _refusal(name)
        if refusal:
            shown = name if len(name) <= 80 else name[:77] + "..."
            return NotFound(f"{shown!r} is not passed to a command: {refusal}", name=name, source=self.url)
        argv = [self.argv[0], *(word.replace("{name}", name) for word in self.argv[1:])]
        try:
            ended = run(argv, timeout=timeout, limit=MAX_VALUE, hint="install it, or correct the command")
        except SecretError as error:
            kind: type[SecretError] = type(error)
            problem = str(error)
        else:
            if ended.code == 0:
                return Secret(self._value(ended.stdout), name=name, source=self.url)
            kind = self._kind(ended.code)
            problem = f"{os.path.basename(argv[0])} ended with {ended.how}"
            if kind is Unavailable and ended.code > 0:
                problem += "; what it printed about it is not shown, it may hold values"
        return kind(f"{name!r}: {problem}", name=name, source=self.url)

    def _kind(self, code: int) -> type[SecretError]:
        if code in self._not_found:
            return NotFound
        return Denied if code in self._denied else Unavailable

    def _value(self, output: bytes) -> str | bytes:
        """Text without the one line end that programs add for the terminal; what is not UTF-8 as it is."""
        try:
            text = output.decode("utf-8")
        except UnicodeDecodeError:
            return output
        if self._keep_newline or not text.endswith("\n"):
            return text
        return text[:-2] if text.endswith("\r\n") else text[:-1]


def _refusal(name: str) -> str:
    """Why ``name`` is no argument for a program; empty when it is one."""
    if name.startswith("-"):
        return "it begins with '-' and would be taken for an option"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "a name has no empty or dotted part"
    if not name.isprintable() or not name.strip():
        return "it holds control characters, or nothing but spaces"
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME:
        return f"it is longer than {MAX_NAME} bytes"
    return ""


def open_cmd(url: SourceURL) -> CommandSource:
    """``cmd:COMMAND`` with the options ``denied``, ``newline`` (``strip`` or ``keep``), ``notfound``, ``timeout``.

    A program given by a relative path is sought from where the URL is written down.
    """
    import shlex

    options = url.expect("denied", "newline", "notfound", "timeout")
    words: list[str] | None
    try:
        words = shlex.split(url.rest)
    except ValueError:
        words = None
    if words is None:
        raise ConfigError("cmd: the command has an open quote or ends in a backslash")
    if words and "/" in words[0]:
        words[0] = os.path.abspath(os.path.join(url.base or "", os.path.expanduser(words[0])))
    newline = options.get("newline", "strip")
    if newline not in ("strip", "keep"):
        raise ConfigError("cmd: the option 'newline' is strip or keep")
    return CommandSource(
        words,
        not_found=_codes(url, "notfound"),
        denied=_codes(url, "denied"),
        keep_newline=newline == "keep",
        timeout=read_timeout(url) if "timeout" in options else TIMEOUT,
    )


def _codes(url: SourceURL, option: str) -> list[int]:
    text = url.options.get(option, "")
    codes = [int(part) for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 4]
    if text and (len(codes) != text.count(",") + 1 or not all(0 < code < 256 for code in codes)):
        raise ConfigError(f"cmd: the option {option!r} is an exit code from 1 to 255, or several with commas")
    return codes
