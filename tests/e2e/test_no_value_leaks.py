"""Known values are planted and then searched for, byte by byte and encoded, wherever they must not be."""

import base64
import glob
import os
import signal
import sqlite3
import subprocess
import threading
import urllib.parse

import pytest

PLANTED = {
    "PASSWORD": "pl4nted-Passw0rd!with+signs/and=more",
    "TOKEN": "tok_9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "LÄNGE": "grüße-ünïcode-Wert-0123456789",
    "PEM": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPlantedPlantedPlantedPlanted\n-----END PRIVATE KEY-----\n",
}


def forms(value):
    """The value and its encodings, as bytes to search for."""
    raw = value.encode()
    found = {raw, raw[: len(raw) * 2 // 3], raw[len(raw) // 3 :]}
    found |= {
        raw.hex().encode(),
        raw.hex().upper().encode(),
        value.encode("utf-16-le"),
        value.encode("utf-32-le"),
    }
    found |= {urllib.parse.quote(value, safe="").encode(), urllib.parse.quote_plus(value).encode(), raw[::-1]}
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Whatever stands before the value, these characters of the encoding depend on the value alone.
            found.add(encode(b"\0" * shift + raw)[4 if shift else 0 :].rstrip(b"=")[:-1])
    return found


NEEDLES = {form for value in PLANTED.values() for form in forms(value)}


def assert_clean(data, where):
    for needle in NEEDLES:
        assert needle not in data, f"a planted value is in {where}"


def files_below(*roots):
    for root in roots:
        for directory, _, names in os.walk(root):
            for name in names:
                yield os.path.join(directory, name)


def assert_files_clean(project):
    seen = 0
    for path in files_below(project.root, project.home, project.tmp, project.config):
        with open(path, "rb") as file:
            assert_clean(file.read(), path)
        seen += 1
    assert seen >= 3, "the search looked at hardly anything"


class ProcessWatch:
    """Reads every command line on the machine, over and over, while commands run."""

    def __enter__(self):
        self.leaks, self.looks, self._stop = [], 0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self):
        while not self._stop.is_set():
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                try:
                    with open(path, "rb") as file:
                        line = file.read()
                except OSError:
                    continue  # it has ended
                self.looks += 1
                self.leaks += [line for needle in NEEDLES if needle in line]

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        assert self.looks > 10
        assert not self.leaks, "a planted value is on a command line"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs Linux's /proc")
def test_a_store_in_daily_use_leaves_no_value_in_files_or_process_lists(store):
    with ProcessWatch():
        for name, value in PLANTED.items():
            assert_clean(store.ok("set", f"prod/shop/{name}", stdin=value.encode()), "what set prints")
        # A reader that stays keeps the write-ahead log from being folded into the database.
        reader = sqlite3.connect(next(p for p in files_below(store.root) if p.endswith("store.db")))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for name, value in PLANTED.items():
            store.ok("set", f"prod/shop/{name}", stdin=(value + "-second").encode())
            store.ok("rollback", f"prod/shop/{name}", "1")
            assert store.ok("get", f"prod/shop/{name}").rstrip(b"\n") == value.encode().rstrip(b"\n")
            for command in ("history", "diff", "list"):
                assert_clean(
                    store.ok(command, f"prod/shop/{name}" if command != "list" else "prod/shop"), command
                )
        assert any(path.endswith("-wal") and os.path.getsize(path) for path in files_below(store.root))
        assert_files_clean(store)
        reader.close()
        store.ok("destroy", "prod/shop/TOKEN", "1", "--yes")
        store.ok("rotate-key", "--rewrite")
        store.ok("backup", str(store.tmp / "backup"))
        assert_clean(store.ok("audit", "tail"), "audit tail")
        assert_clean(store.ok("audit", "verify"), "audit verify")
    assert_files_clean(store)


def test_errors_and_tracebacks_hold_no_value(store):
    store.ok("set", "prod/shop/JSON", stdin=b'{"password": "%s"}' % PLANTED["TOKEN"].encode())
    bad_env = store.root / "bad.env"
    bad_env.write_text(f"GOOD=1\nthis is {PLANTED['PASSWORD']} not a line\n")
    attempts = [
        (("get", "prod/shop/JSON", "--field", "nothing"), b""),
        (("set", "prod/shop/../x"), PLANTED["TOKEN"].encode()),
        (("set", "prod/shop/JSON", "--cas", "7"), PLANTED["TOKEN"].encode()),
        (("set", "prod/shop/BIG"), PLANTED["TOKEN"].encode() * 40_000),
        (("import", "bad.env"), b""),
        (("import", "-", "--format", "json"), b'{"a": "%s"' % PLANTED["TOKEN"].encode()),
        (("import", "-", "--format", "yaml"), b"a: [%s" % PLANTED["TOKEN"].encode()),
        (("import", "-", "--format", "toml"), b'a = "%s' % PLANTED["TOKEN"].encode()),
    ]
    for arguments, stdin in attempts:
        for env in ({}, {"WELLKEPT_DEBUG": "1"}):
            done = store.run(*arguments, stdin=stdin, env=env)
            assert done.returncode not in (0, 1), (arguments, done.returncode, done.stderr)
            assert_clean(done.stdout + done.stderr, f"what {arguments} prints")
    bad_env.unlink()
    assert_files_clean(store)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs Linux's /proc")
def test_files_handed_to_a_command_are_gone_when_it_ends_or_is_killed(store):
    store.ok("set", "/dev/app/TOKEN", stdin=PLANTED["TOKEN"].encode())
    show = 'ls -l "$WELLKEPT_SECRETS_DIR" >&2; stat -f -c %T "$WELLKEPT_SECRETS_DIR"; echo "$WELLKEPT_SECRETS_DIR"; sleep 60'
    config = store.root / "wellkept.toml"
    config.write_text('project = "app"\n[env.dev]\nsource = "store:.wellkept?prefix=dev/app"\n')
    process = store.popen("run", "--files", "--", "sh", "-c", show)
    kind, directory = process.stdout.readline().strip(), process.stdout.readline().strip().decode()
    assert kind == b"tmpfs"
    assert oct(os.stat(directory).st_mode & 0o777) == "0o700"
    with open(os.path.join(directory, "TOKEN")) as file:
        assert file.read() == PLANTED["TOKEN"]
    assert_files_clean(store)
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    process.communicate()
    assert not os.path.exists(directory)


def test_the_watch_would_see_a_value_on_a_command_line():
    with pytest.raises(AssertionError, match="command line"), ProcessWatch():
        subprocess.run(["sh", "-c", "sleep 0.5", PLANTED["TOKEN"]], check=True)
