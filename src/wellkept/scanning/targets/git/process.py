"""How git is called: nothing that a scanned repository says about itself may run a program or reach a network.

The dangers and what stands against each: hooks (``core.hooksPath``), a file system monitor, pagers, external
diff and text conversion (plumbing commands read none of the last three, and get no patch to make), signatures
checked by a program (``log`` is not used), filters (``--filters`` is not used), lazy fetching in a partial
clone (no protocol is allowed), replaced objects and grafts that would hide history (ignored), a commit graph
that lies (not read), and an owner that is somebody else (``safe.directory``: nothing of theirs is run anyway).
"""

from __future__ import annotations

import os
import subprocess
from typing import IO, TYPE_CHECKING

from ....errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.attributesFile=/dev/null",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "core.alternateRefsCommand=true",
    "core.pager=cat",
    "core.commitGraph=false",
    "core.quotePath=false",
    "core.deltaBaseCacheLimit=16m",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "safe.directory=*",
)

FIXED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_SSH_COMMAND": "false",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}

HOOK_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_COMMON_DIR",
)
"""What git tells a hook about the repository that it runs in, the quarantine of a push included."""


def environment(*, in_hook: bool = False) -> dict[str, str]:
    """Ours without git's variables; with those of ``HOOK_VARIABLES`` where git itself called us."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or (in_hook and name in HOOK_VARIABLES)
    }
    return kept | FIXED


def command(directory: str, *words: str) -> list[str]:
    """The whole command line of a git command in ``directory``."""
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    return ["git", "--no-pager", *settings, "-C", directory, *words]


class GitFailed(Exception):
    """Git ended with an error; the text is its last line on stderr."""


def output(directory: str, *words: str, in_hook: bool = False, stdin: bytes | None = None) -> bytes:
    """What a git command prints. Raises ``GitFailed``, or ``ConfigError`` when there is no git."""
    process = start(directory, *words, in_hook=in_hook, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    out, error = process.communicate(stdin)
    if process.returncode:
        raise GitFailed(last_line(error))
    return out


def start(
    directory: str,
    *words: str,
    in_hook: bool = False,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """A git command whose standard output is a pipe. Raises ``ConfigError`` when there is no git."""
    try:
        return subprocess.Popen(
            command(directory, *words),
            env=environment(in_hook=in_hook),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    except FileNotFoundError:
        pass
    raise ConfigError("git is not installed; install it to scan a repository")


def lines(directory: str, *words: str, in_hook: bool = False) -> Iterator[bytes]:
    """The lines that a git command prints, as they come. Raises ``GitFailed`` at the end."""
    process = start(directory, *words, in_hook=in_hook, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        for line in process.stdout:
            yield line.rstrip(b"\n")
        error = process.stderr.read()
        if process.wait():
            raise GitFailed(last_line(error))
    finally:
        close(process)


def close(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, whatever it is doing."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                pass  # a pipe that its reader has left
    if process.poll() is None:
        process.kill()
        process.wait()


def last_line(error: bytes) -> str:
    """What git complained about, in one line that is safe to print."""
    text = error.decode("utf-8", "replace").strip().splitlines()
    line = text[-1] if text else "it said nothing"
    return "".join(char if char.isprintable() else "?" for char in line)[:300]


def split(data: bytes, separator: bytes = b"\n") -> Sequence[bytes]:
    """The non-empty pieces of ``data``."""
    return [piece for piece in data.split(separator) if piece]
