"""Compiled rules on disk: a start then costs milliseconds instead of seconds.

A file of the cache is ours (owner, mode 0600, no link), carries the digest of its content and is named by what
went into it: the rules, the engine's version, the processor, this format. Anything else is compiled anew and
replaced atomically. It holds rules only, nothing that was scanned.
"""

from __future__ import annotations

import marshal
import os
import sys
from typing import TYPE_CHECKING, Any

from ..problem import Problem
from ..rule import BUILTIN, Rule, digest, load
from ..text.detectors import DETECTORS
from . import vectorscan
from .compile import Compiled, compile_rules
from .fallback import FallbackEngine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from . import Engine

FORMAT = b"wellkept rules 6\n"


def folder() -> str:
    """``$XDG_CACHE_HOME/wellkept``, by default ``~/.cache/wellkept``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "wellkept")


def prepare(
    rules: Sequence[Rule] | None = None, config: Sequence[str] = (), *, engine: str = "auto"
) -> tuple[Compiled, Engine, list[Problem]]:
    """Compiled rules, an engine that holds them, and what went wrong on the way.

    ``rules`` none means our own with the files of ``config`` merged over them, in order; those are read and parsed
    only when the cache has no answer. Raises ``ConfigError`` for a file that is not acceptable.
    """
    problems: list[Problem] = []
    if engine == "auto":
        engine = "vectorscan" if vectorscan.available() else "fallback"
        if engine == "fallback":
            problems.append(
                Problem(
                    "engine", "hyperscan", "not installed, so the slower engine is used: 'wellkept[scan]'"
                )
            )
    if engine != "vectorscan":
        compiled = compile_rules(_rules(rules, config), vectorscan=False)
        return compiled, FallbackEngine(compiled), [*problems, *compiled.problems]
    name = os.path.join(folder(), f"rules-{_key(rules, config)}")
    ready = _read(name)
    if ready is None:
        compiled = compile_rules(_rules(rules, config), vectorscan=True)
        ready = compiled, vectorscan.VectorscanEngine(compiled)
        failure = _write(name, compiled)
        if failure:
            problems.append(Problem("cache", name, failure))
    return *ready, [*problems, *ready[0].problems]


def _rules(rules: Sequence[Rule] | None, config: Sequence[str]) -> Sequence[Rule]:
    if rules is not None:
        return rules
    merged = load(BUILTIN)
    for path in config:
        merged = load(path, merged)
    return merged


def _key(rules: Sequence[Rule] | None, config: Sequence[str]) -> str:
    from hashlib import sha256

    state = sha256(FORMAT + repr((sys.version_info[:2], vectorscan.version(), DETECTORS)).encode())
    state.update(_processor())
    if rules is not None:
        state.update(digest(rules).encode())
    else:
        for path in (BUILTIN, *config):
            _feed(state, path)
    return state.hexdigest()[:40]


def _feed(state: Any, path: str) -> None:
    names = [path]
    if os.path.isdir(path):
        names = sorted(os.path.join(path, name) for name in os.listdir(path) if name.endswith(".toml"))
    for name in names:
        try:
            with open(name, "rb") as file:
                content = file.read()
        except OSError:
            content = b""  # the loader names it
        state.update(b"%d:%s" % (len(content), content))


def _processor() -> bytes:
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            text = file.read(4096)
    except OSError:
        text = b""
    flags = [line for line in text.split(b"\n") if line.startswith((b"flags", b"Features", b"model name"))]
    return os.uname().machine.encode() + b"\n".join(flags[:2])


def _read(name: str) -> tuple[Compiled, Engine] | None:
    from hashlib import sha256

    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with open(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return None
        content = file.readall()
    head = len(FORMAT) + 32
    if content[: len(FORMAT)] != FORMAT or sha256(content[head:]).digest() != content[len(FORMAT) : head]:
        return None
    rules, widths, database, slow, problems, reaches = marshal.loads(content[head:])  # noqa: S302  ours: owner, mode and digest were checked
    compiled = Compiled(
        tuple(Rule(*rule) for rule in rules),
        widths,
        database,
        slow,
        tuple(Problem(*problem) for problem in problems),
        reaches,
    )
    try:
        return compiled, vectorscan.VectorscanEngine(compiled)
    except Exception:  # another processor, another library: the engine says so in classes of its own
        return None


def _write(name: str, compiled: Compiled) -> str:
    """Empty, or why it could not be kept."""
    from hashlib import sha256

    lean = tuple(tuple(rule._replace(positive=(), negative=())) for rule in compiled.rules)
    problems = tuple(tuple(problem) for problem in compiled.problems)
    body: Any = (lean, compiled.widths, compiled.database, compiled.slow, problems, compiled.reaches)
    body = marshal.dumps(body)
    temporary = f"{name}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(name), mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(FORMAT + sha256(body).digest() + body)
        os.replace(temporary, name)
    except OSError as error:
        return f"the compiled rules could not be kept: {error.strerror}"
    _prune(os.path.dirname(name), keep=name)
    return ""


def _prune(where: str, keep: str) -> None:
    """Keeps the eight newest, so that a folder of old rules does not grow."""
    with os.scandir(where) as entries:
        old = sorted((e.stat().st_mtime, e.path) for e in entries if e.name.startswith("rules-"))
    for _, path in old[:-8]:
        if path != keep:
            try:
                os.unlink(path)
            except OSError:
                pass  # another process was faster
