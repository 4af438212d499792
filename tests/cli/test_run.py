import os
import signal
import subprocess
import sys

import pytest

from wellkept.cli.run import parse
from wellkept.cli.usage import Usage

SHOW = "import os, json, sys; json.dump(dict(os.environ), sys.stdout)"


@pytest.fixture
def stocked(shop):
    shop.write("s.env", "A=one\nDATABASE_URL=postgres://u:p@h/d\nPEM='a\nb'\n")
    shop.ok("import", "s.env")
    return shop


def environment(project, *words: str, **options) -> dict:
    import json

    done = project.process("run", *words, "--", sys.executable, "-c", SHOW, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_command_gets_the_secrets_as_variables(stocked):
    found = environment(stocked)
    assert found["A"] == "one"
    assert found["DATABASE_URL"] == "postgres://u:p@h/d"
    assert found["PEM"] == "a\nb"


def test_what_opens_the_store_is_not_passed_on(stocked, monkeypatch):
    key = stocked.ok("status", "--json").json["store_id"]
    path = f"{stocked.home}/config/wellkept/keys/{key}.key"
    found = environment(
        stocked,
        env={
            **os.environ,
            "WELLKEPT_KEY_FILE": path,
            "WELLKEPT_PASSPHRASE": "x",
            "WELLKEPT_PASSPHRASE_FILE": "/y",
        },
    )
    assert found["A"] == "one"
    assert not [
        name
        for name in found
        if name in ("WELLKEPT_KEY_FILE", "WELLKEPT_PASSPHRASE", "WELLKEPT_PASSPHRASE_FILE")
    ]


def test_the_command_takes_our_place(stocked):
    running = stocked.start("run", "--", "sh", "-c", "echo $$")
    out, _ = running.communicate(timeout=60)
    assert int(out) == running.pid


def test_the_store_wins_over_the_environment_unless_told_not_to(stocked):
    own = {**os.environ, "A": "mine"}
    assert environment(stocked, env=own)["A"] == "one"
    assert environment(stocked, "--no-override", env=own)["A"] == "mine"


def test_only_some(stocked):
    stocked.ok("set", "db", "--json-object", stdin='{"user": "u", "password": "p"}')
    found = environment(stocked, "--only", "A", "db#password")
    assert (found["A"], found["DB_PASSWORD"]) == ("one", "p")
    assert "DATABASE_URL" not in found
    missing = stocked.process("run", "--only", "NOPE", "--", "true")
    assert missing.returncode == 3
    assert b"NOPE" in missing.stderr


def test_another_environment(stocked):
    stocked.ok("set", "A", "--env", "prod", stdin="live")
    assert environment(stocked, "--env", "prod")["A"] == "live"
    assert environment(stocked, env={**os.environ, "WELLKEPT_ENV": "prod"})["A"] == "live"


def test_a_source_of_the_configuration_is_run_from_as_well(stocked):
    stocked.write("ci.env", "FROM_FILE=1\n")
    config = stocked.directory / "wellkept.toml"
    config.write_text(
        config.read_text() + '[env.ci]\nsource = ["dotenv:ci.env", "store:.wellkept?prefix=dev/shop"]\n'
    )
    found = environment(stocked, "--env", "ci")
    assert (found["FROM_FILE"], found["A"]) == ("1", "one")


def test_of_the_environment_itself_only_what_others_name_is_a_secret(stocked):
    stocked.write(".env", "FROM_FILE=file\nBOTH=file\n")
    config = stocked.directory / "wellkept.toml"
    config.write_text(config.read_text() + '[env.ci]\nsource = ["env:", "dotenv:.env"]\n')
    own = {**os.environ, "BOTH": "variable", "WELLKEPT_PASSPHRASE": "x"}
    found = environment(stocked, "--env", "ci", env=own)
    assert (found["FROM_FILE"], found["BOTH"]) == ("file", "variable")
    assert "WELLKEPT_PASSPHRASE" not in found
    exported = stocked.process("export", "--env", "ci", env=own).stdout
    assert exported == b"BOTH=variable\nFROM_FILE=file\n"
    code = "import os; print(os.environ['HOME'], os.environ['BOTH'])"
    shown = stocked.process(
        "run", "--env", "ci", "--redact", "--", sys.executable, "-c", code, env=own
    ).stdout
    assert shown == f"{stocked.home} [redacted:BOTH]\n".encode()


def test_exit_codes_and_signals_are_the_commands(stocked):
    assert stocked.process("run", "--", "sh", "-c", "exit 7").returncode == 7
    assert stocked.process("run", "--", "sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM
    assert stocked.process("run", "--", "/nonexistent/x").returncode == 127
    path = stocked.write("not-executable", "x")
    assert stocked.process("run", "--", path).returncode == 126


def test_python_leaves_no_ignored_signal_behind(stocked):
    done = stocked.process("run", "--", "sh", "-c", "kill -PIPE $$; echo survived")
    assert done.returncode == -signal.SIGPIPE
    assert b"survived" not in done.stdout


def test_no_descriptor_of_ours_is_left_open_in_the_command(stocked):
    code = "import os; print(sorted(os.listdir('/proc/self/fd')))"
    plain = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert stocked.process("run", "--", sys.executable, "-c", code).stdout == plain


def test_a_value_that_no_variable_can_hold_is_refused_by_name(stocked):
    stocked.ok("set", "blob", "--binary", stdin=b"hunter2\0")
    refused = stocked.process("run", "--", "true")
    assert refused.returncode == 78
    assert b"blob" in refused.stderr
    assert b"--files" in refused.stderr
    assert b"hunter2" not in refused.stderr


def test_bytes_that_are_no_text_reach_the_command_as_they_are(stocked):
    stocked.ok("set", "blob", "--binary", stdin=b"\xff\xfe")
    code = "import os, sys; sys.stdout.buffer.write(os.environb[b'blob'])"
    assert stocked.process("run", "--", sys.executable, "-c", code).stdout == b"\xff\xfe"


def test_too_much_for_an_environment_is_said(stocked):
    stocked.ok("set", "BIG", stdin="x" * 200_000)
    refused = stocked.process("run", "--", "true")
    assert refused.returncode == 126
    assert b"--files" in refused.stderr


def test_an_expired_or_deleted_secret_is_no_variable(stocked):
    stocked.ok("set", "OLD", "--expires", "2020-01-01", stdin="x")
    stocked.ok("delete", "A")
    found = environment(stocked)
    assert "OLD" not in found
    assert "A" not in found


def test_a_sealed_store_starts_nothing(stocked):
    done = stocked.process(
        "run", "--", "touch", "started", env={**os.environ, "XDG_CONFIG_HOME": "/nonexistent"}
    )
    assert done.returncode == 8
    assert not (stocked.directory / "started").exists()


def test_a_policy_that_denies_one_of_the_secrets_starts_nothing(stocked):
    stocked.write(
        "p.json",
        '{"path": {"secret/metadata/dev/shop": {"capabilities": ["list"]},'
        ' "secret/data/dev/shop/A": {"capabilities": ["read"]}}}',
    )
    stocked.ok("policy", "write", "narrow", "p.json")
    config = stocked.directory / "wellkept.toml"
    config.write_text(
        config.read_text() + '[env.dev]\nsource = "store:.wellkept?prefix=dev/shop&policies=narrow"\n'
    )
    denied = stocked.process("run", "--", "touch", "started")
    assert denied.returncode == 4
    assert not (stocked.directory / "started").exists()
    assert environment(stocked, "--only", "A")["A"] == "one"


@pytest.mark.parametrize(
    ("words", "flags", "values", "only", "command"),
    [
        (["--", "x", "--watch"], set(), {}, [], ["x", "--watch"]),
        (["x", "-e", "y"], set(), {}, [], ["x", "-e", "y"]),
        (["-e", "prod", "-w", "--", "x"], {"--watch"}, {"--env": "prod"}, [], ["x"]),
        (["--env=prod", "--redact", "x"], {"--redact"}, {"--env": "prod"}, [], ["x"]),
        (["--only", "A", "B", "--files", "--", "x"], {"--files"}, {}, ["A", "B"], ["x"]),
        (["--only=A", "--only", "B", "--", "x"], set(), {}, ["A", "B"], ["x"]),
        (["--", "--", "x"], set(), {}, [], ["--", "x"]),
    ],
)
def test_options_end_where_the_command_begins(words, flags, values, only, command):
    options = parse(words)
    assert (options.flags, options.values, options.only, options.command) == (flags, values, only, command)


@pytest.mark.parametrize("words", [["--nope", "x"], ["--env"], ["--only", "--", "x"], ["--watch=yes", "x"]])
def test_wrong_options_are_refused(words):
    with pytest.raises(Usage):
        parse(words)


def test_without_a_command_nothing_is_read(stocked):
    before = len(stocked.ok("audit", "show", "--all", "--json").json)
    assert stocked("run").code == 2
    assert stocked("run", "--watch", "--").code == 2
    assert len(stocked.ok("audit", "show", "--all", "--json").json) == before + 1
