"""Where a value must not be: looked for byte by byte, encoded forms included, while commands run and after."""

import json
import os
import subprocess
import sys

import pytest

from wellkept.redaction.forms import forms

VALUE = "Pl4nted/Value+for=tests&nothing#else"
NEEDLES = [form for form, _ in forms(VALUE.encode()) if len(form) >= 12]


def holding(content: bytes) -> list[bytes]:
    return [needle for needle in NEEDLES if needle in content]


@pytest.fixture
def planted(shop):
    shop.ok("set", "TOKEN", stdin=VALUE)
    shop.ok("set", "db", "--json-object", stdin=json.dumps({"password": VALUE}))
    shop.ok("set", "blob", "--binary", stdin=b"\xff" + VALUE.encode())
    return shop


def test_no_file_of_the_store_holds_a_value(planted):
    planted.ok("rotate-key", "--rewrite")
    planted.ok("rollback", "TOKEN", "1")
    planted.ok("backup", "shop.backup")
    planted("get", "TOKEN", "--version", "99")
    planted("set", "TOKEN", "--cas", "77", stdin=VALUE)
    looked = 0
    for top in (planted.directory, planted.home):
        for directory, _, names in os.walk(top):
            for name in names:
                with open(os.path.join(directory, name), "rb") as file:
                    assert not holding(file.read()), name
                looked += 1
    assert looked >= 5


def test_no_message_of_a_failing_command_holds_a_value(planted, monkeypatch):
    planted.write("bad.env", f"A={VALUE}\nB='{VALUE}\n")
    planted.write("bad.json", f'{{"a": "{VALUE}", "a": "{VALUE}"}}')
    planted.write("bad.yaml", f"a: {VALUE}\na: {VALUE}\n")
    planted.write("bad.toml", f'a = "{VALUE}"\nb = {VALUE}\n')
    planted.write("bad.txt", VALUE)
    monkeypatch.setenv("WELLKEPT_DEBUG", "1")
    calls = [
        (["set", "X", VALUE], ""),
        (["set", "X", "--cas", VALUE], ""),
        (["set", "X", "--cas", "9"], VALUE),
        (["set", "X", "--expires", VALUE], "x"),
        (["set", "X", "--expires", "2026-99-" + VALUE], "x"),
        (["generate", VALUE], ""),
        (["rollback", "TOKEN", VALUE], ""),
        (["set", "X", "--json-object"], VALUE),
        (["set", "TOKEN#field"], VALUE),
        (["get", "TOKEN#field"], ""),
        (["get", "TOKEN", VALUE], ""),
        (["diff", "TOKEN"], ""),
        (["import", "bad.env"], ""),
        (["import", "bad.json"], ""),
        (["import", "bad.yaml"], ""),
        (["import", "bad.toml"], ""),
        (["import", "bad.txt", "--format", "json"], ""),
        (["export", "--format", "docker"], ""),
        (["export"], ""),
        (["run", VALUE], ""),
        (["run", "--only", "TOKEN#x", "--", "true"], ""),
        ([VALUE], ""),
        (["policy", "write", "p", "-"], VALUE),
    ]
    for words, stdin in calls:
        done = planted.process(*words, input=stdin.encode())
        assert done.returncode != 0, words
        # The shell's own words come back in the name of a command that does not exist, and nowhere else.
        if words[0] != "run" or words[1] != VALUE:
            assert not holding(done.stdout + done.stderr), words


def test_no_listing_holds_a_value(planted):
    for words in (
        ["list", "--long"],
        ["history", "TOKEN"],
        ["metadata", "TOKEN"],
        ["status"],
        ["check"],
        ["audit", "show", "--all", "--json"],
        ["import", "again.env", "--dry-run"],
    ):
        planted.write("again.env", f"TOKEN={VALUE}\nNEW={VALUE}\n")
        result = planted.ok(*words)
        assert not holding(result.bytes + result.err.encode()), words


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
@pytest.mark.parametrize("options", [[], ["--watch"], ["--redact"], ["--files-in", "."]])
def test_no_command_line_holds_a_value_while_a_command_runs(planted, options):
    planted.ok("destroy", "blob", "--all", "--yes")
    code = "import sys; print('ready', flush=True); sys.stdin.read()"
    running = planted.start("run", *options, "--", sys.executable, "-c", code, stdin=subprocess.PIPE)
    assert running.stdout.readline() == b"ready\n"
    found = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                assert not holding(file.read())
            found += 1
        except (FileNotFoundError, ProcessLookupError):
            pass  # ended meanwhile
    assert found > 1
    running.communicate(timeout=30)
    assert running.returncode == 0


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_command_that_gets_files_has_no_value_in_its_environment(planted):
    code = "import sys; print('ready', flush=True); sys.stdin.read()"
    running = planted.start("run", "--files-in", ".", "--", sys.executable, "-c", code, stdin=subprocess.PIPE)
    assert running.stdout.readline() == b"ready\n"
    with open(f"/proc/{running.pid}/task/{running.pid}/children") as file:
        child = file.read().split()[0]
    with open(f"/proc/{child}/environ", "rb") as file:
        content = file.read()
    assert b"WELLKEPT_SECRETS_DIR=" in content
    assert not holding(content)
    running.communicate(timeout=30)
