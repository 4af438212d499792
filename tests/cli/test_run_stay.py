"""``run`` with --watch, --redact and --files, as real processes."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest

from wellkept.cli.supervise.files import file_system

PATIENCE = 30.0
IN_MEMORY = file_system("/dev/shm") in ("tmpfs", "ramfs")
needs_memory = pytest.mark.skipif(not IN_MEMORY, reason="needs /dev/shm on tmpfs")


class Started:
    def __init__(self, process):
        self.process = process
        self.seen = b""

    def until(self, text: bytes) -> bytes:
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert data, f"{text!r} did not come; saw {self.seen!r}"
            self.seen += data
        return self.seen

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, self.errors = self.process.communicate(timeout=PATIENCE)
        self.seen += out
        return self.process.returncode


@pytest.fixture
def start(shop):
    started = []

    def begin(*words: str, **options) -> Started:
        begun = Started(shop.start("run", *words, start_new_session=True, **options))
        started.append(begun)
        return begun

    yield begin
    for one in started:
        try:
            os.killpg(one.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        one.process.communicate()


SHOW_A = "import os, signal; print('A is', os.environ.get('A'), flush=True); signal.pause()"


def test_watch_starts_the_command_again_with_the_new_value(shop, start):
    shop.ok("set", "A", stdin="first")
    running = start("--watch", "--interval", "0.05", "--", sys.executable, "-c", SHOW_A)
    running.until(b"A is first")
    shop.ok("set", "A", stdin="second")
    running.until(b"A is second")
    shop.ok("delete", "A")
    running.until(b"A is None")
    assert running.end() == 128 + signal.SIGTERM


def test_watch_leaves_the_command_alone_while_other_secrets_change(shop, start):
    shop.ok("set", "A", stdin="first")
    running = start("--watch", "--interval", "0.05", "--only", "A", "--", sys.executable, "-c", SHOW_A)
    running.until(b"A is first")
    shop.ok("set", "B", stdin="other")
    shop.ok("set", "B", "--env", "prod", stdin="other")
    shop.ok("set", "A", stdin="second")
    running.until(b"A is second")
    running.end()
    assert running.seen.count(b"A is") == 2


def test_looking_for_changes_reads_and_records_nothing(shop, start):
    shop.ok("set", "A", stdin="first")
    running = start("--watch", "--interval", "0.01", "--", sys.executable, "-c", SHOW_A)
    running.until(b"A is first")
    shop.ok("set", "/else/where", stdin="x")  # one change: one more reading
    reads = 0
    while reads < 2:
        records = shop.ok("audit", "show", "--name", "A", "--operation", "read", "--json").json
        reads = len(records)
    before = reads
    for _ in range(5):
        records = shop.ok("audit", "show", "--name", "A", "--operation", "read", "--json").json
    assert len(records) == before
    running.end()


def test_watch_can_signal_instead(shop, start):
    shop.ok("set", "A", stdin="first")
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGUSR1, lambda *_: (print('told'), sys.exit(3)))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    running = start("--watch", "--signal", "USR1", "--interval", "0.05", "--", sys.executable, "-c", code)
    running.until(b"ready")
    shop.ok("set", "A", stdin="second")
    running.until(b"told")
    assert running.process.wait(PATIENCE) == 3


def test_when_looking_fails_the_command_keeps_running_with_what_it_has(shop, start):
    shop.ok("set", "A", stdin="first")
    running = start("--watch", "--interval", "0.05", "--only", "A", "--", sys.executable, "-c", SHOW_A)
    running.until(b"A is first")
    shop.ok("delete", "A")
    while b"keeps running" not in (noted := os.read(running.process.stderr.fileno(), 65536)):
        assert noted
    assert running.process.poll() is None
    shop.ok("set", "A", stdin="second")
    running.until(b"A is second")
    running.end()


def test_redact_blanks_out_values_in_both_streams_and_every_form(shop, start):
    shop.ok("set", "TOKEN", stdin="correct-horse-battery")
    code = (
        "import os, sys, base64; v = os.environ['TOKEN']\n"
        "print('plain', v); print('b64', base64.b64encode(v.encode()).decode())\n"
        "print('err', v.encode().hex(), file=sys.stderr)\n"
        "print('done')"
    )
    running = start("--redact", "--", sys.executable, "-c", code)
    running.until(b"done")
    assert running.process.wait(PATIENCE) == 0
    running.end()
    everything = running.seen + running.errors
    assert b"correct-horse-battery" not in everything
    assert b"Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5" not in everything
    assert b"correct-horse-battery".hex().encode() not in everything
    assert b"plain [redacted:" in running.seen


def test_redact_learns_values_that_are_set_while_the_command_runs(shop, start):
    shop.ok("set", "TOKEN", stdin="correct-horse-battery")
    code = "import sys\nprint('ready', flush=True)\nfor line in sys.stdin: print('said', line, end='', flush=True)"
    running = start("--redact", "--interval", "0.02", "--", sys.executable, "-c", code, stdin=subprocess.PIPE)
    running.until(b"ready")
    shop.ok("set", "TOKEN", stdin="staple-of-the-day")
    line = b"staple"
    number = 0
    while b"staple" in line:  # the new value is known as soon as the change was noticed
        number += 1
        running.process.stdin.write(b"%d staple-of-the-day correct-horse-battery.\n" % number)
        running.process.stdin.flush()
        running.until(b"said %d " % number)
        line = running.until(b".\n" * 1).rsplit(b"said ", 1)[1]
        assert number < 10_000
    # The old value stays known, all the time.
    assert b"correct-horse-battery" not in running.seen
    running.process.stdin.close()
    running.process.stdin = None
    assert running.process.wait(PATIENCE) == 0


LIST_FILES = (
    "import os, signal\n"
    "d = os.environ['WELLKEPT_SECRETS_DIR']\n"
    "print(d, sorted(os.listdir(d)), open(d + '/A').read(), 'A' in os.environ, oct(os.stat(d).st_mode), flush=True)\n"
)


@needs_memory
def test_files_are_in_memory_and_gone_at_the_end(shop, start):
    shop.ok("set", "A", stdin="value")
    shop.ok("set", "dev/shop/tls/key", "--binary", stdin=b"\x00\xff")
    running = start("--files", "--", sys.executable, "-c", LIST_FILES)
    line = running.until(b"\n").decode().split(" ", 1)
    assert line[0].startswith("/dev/shm/wellkept-run-")
    assert "['A', 'tls'] value False 0o40700" in line[1]
    assert running.process.wait(PATIENCE) == 0
    assert not os.path.exists(line[0])


@needs_memory
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_files_are_gone_after_a_signal_as_well(shop, start, number):
    shop.ok("set", "A", stdin="value")
    running = start("--files", "--", sys.executable, "-c", LIST_FILES + "signal.pause()")
    directory = running.until(b"\n").decode().split(" ", 1)[0]
    assert os.path.isdir(directory)
    code = running.end(number)
    assert code in (128 + number, 1), "1: Python's own answer to SIGINT"
    assert not os.path.exists(directory)


@needs_memory
def test_files_are_gone_when_the_command_cannot_be_started(shop):
    shop.ok("set", "A", stdin="value")
    before = set(os.listdir("/dev/shm"))
    assert shop.process("run", "--files", "--", "/nonexistent/x").returncode == 127
    assert set(os.listdir("/dev/shm")) <= before


@needs_memory
def test_files_follow_a_change_before_the_command_is_told(shop, start):
    shop.ok("set", "A", stdin="first")
    code = (
        "import os, signal\n"
        "path = os.environ['WELLKEPT_SECRETS_DIR'] + '/A'\n"
        "signal.signal(signal.SIGHUP, lambda *_: print('now', open(path).read(), flush=True))\n"
        "print('ready', open(path).read(), flush=True)\n"
        "while True: signal.pause()"
    )
    running = start(
        "--watch", "--signal", "HUP", "--files", "--interval", "0.05", "--", sys.executable, "-c", code
    )
    running.until(b"ready first")
    shop.ok("set", "A", stdin="second")
    running.until(b"now second")
    assert running.end() == 128 + signal.SIGTERM


def test_without_memory_files_are_refused_unless_a_directory_is_named(shop, monkeypatch, start):
    shop.ok("set", "A", stdin="value")
    monkeypatch.setattr("wellkept.cli.supervise.files.file_system", lambda path: "ext4")
    refused = shop("run", "--files", "--", "true")
    assert refused.code == 78
    assert "--files-in" in refused.err
    running = start("--files-in", str(shop.home), "--", sys.executable, "-c", LIST_FILES)
    directory = running.until(b"\n").decode().split(" ", 1)[0]
    assert directory.startswith(str(shop.home))
    running.end()
    assert not os.path.exists(directory)


@pytest.mark.parametrize(
    "words",
    [
        ["--signal", "HUP"],
        ["--grace", "1"],
        ["--files", "--interval", "1"],
        ["--watch", "--signal", "NOPE"],
        ["--watch", "--interval", "x"],
    ],
)
def test_wrong_options_start_nothing(shop, words):
    assert shop.process("run", *words, "--", "touch", "started").returncode == 2
    assert not (shop.directory / "started").exists()
