import os
import subprocess
import sys

import pytest

from wellkept.cli import main
from wellkept.cli.dispatch import load
from wellkept.cli.table import COMMANDS, GROUPS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(bare, name):
    result = bare.ok(*name.split(), "--help")
    assert result.out.startswith(f"usage: wellkept {name}")
    assert "examples:" in result.out
    assert f"wellkept {name.split()[0]}" in result.out.split("examples:")[1]
    assert bare.ok("help", *name.split()).out == result.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints_json_where_it_prints_anything_of_its_own(bare, name):
    if name in ("run", "export", "example", "completion", "policy read"):
        return  # what they print is the command's, a file of another format, or JSON already
    assert "--json" in bare.ok(*name.split(), "--help").out


def test_the_overview_names_every_command(bare):
    out = bare.ok("help").out
    for group in GROUPS.values():
        for name, (_, summary) in group.items():
            assert f"  {name:<16} {summary}" in out
    assert bare.ok("--help").out == bare.ok().out == out


@pytest.mark.parametrize("topic", ["names", "store", "exit-codes", "environment"])
def test_topics(bare, topic):
    assert len(bare.ok("help", topic).out) > 200


def test_a_group_lists_its_commands(bare):
    assert "audit verify" in bare.ok("audit", "--help").out
    assert bare("audit").code == 2
    assert bare("audit", "nope").code == 2
    assert bare.ok("help", "policy").out == bare.ok("policy", "--help").out


def test_a_slip_gets_a_hint_and_a_pasted_secret_is_not_repeated(bare):
    slip = bare("lst")
    assert slip.code == 2
    assert "did you mean `wellkept list`" in slip.err
    pasted = bare("sk_live_hunter2hunter2")
    assert pasted.code == 2
    assert "hunter2" not in pasted.err


def test_every_error_is_one_line_that_says_who_speaks(bare):
    for words in (
        ["nope"],
        ["get"],
        ["get", "A", "--nope"],
        ["get", "A"],
        ["list", "--limit", "x"],
        ["import", "none.env"],
    ):
        result = bare(*words)
        assert result.code != 0
        assert result.err.startswith("wellkept: "), words
        assert result.err.count("\n") == 1, words
        assert result.out == ""


def test_the_version(bare):
    from wellkept._version import __version__

    assert bare.ok("version").out == f"wellkept {__version__}\n"
    assert bare.ok("--version").out == bare.ok("version").out
    assert bare.ok("version", "--json").json["version"] == __version__


def test_commands_are_where_the_table_says():
    for name in COMMANDS:
        assert load(name).text


def test_an_unexpected_error_shows_its_kind_and_no_text_of_it(shop, monkeypatch):
    def broken(*_, **__):
        raise ValueError("hunter2 is not a number")

    monkeypatch.setattr("wellkept.core.facade.LocalStore.read", broken)
    result = shop("get", "A")
    assert result.code == 70
    assert result.err.count("\n") == 1
    assert "ValueError" in result.err
    assert "WELLKEPT_DEBUG=1" in result.err
    assert "hunter2" not in result.err


def test_debugging_shows_where_and_still_no_value(shop, monkeypatch):
    def broken(*_, **__):
        value = "hunter2"
        try:
            int(value)
        except ValueError:
            raise KeyError(value) from None

    monkeypatch.setattr("wellkept.core.facade.LocalStore.read", broken)
    monkeypatch.setenv("WELLKEPT_DEBUG", "1")
    result = shop("get", "A")
    assert "in broken" in result.err
    assert "KeyError" in result.err
    assert "hunter2" not in "".join(
        line for line in result.err.splitlines() if 'value = "hunter2"' not in line
    )


def test_ctrl_c_ends_with_130(shop, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("wellkept.core.facade.LocalStore.read", interrupted)
    result = shop("get", "A")
    assert (result.code, result.err) == (130, "")


def test_a_reader_that_goes_is_no_error(shop):
    shop.ok("set", "A", stdin="x" * 1_000_000)
    running = shop.start("get", "A")
    running.stdout.close()
    assert running.wait(30) == 141
    assert running.stderr.read() == b""
    running.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_the_output_is_an_error(shop):
    shop.ok("set", "A", stdin="x")
    with open("/dev/full", "wb") as full:
        for words in (["get", "A"], ["list"], ["export"], ["history", "A", "--json"]):
            done = subprocess.run(
                [sys.executable, "-m", "wellkept", *words], stdout=full, stderr=subprocess.PIPE, check=False
            )
            assert done.returncode == 74, words
            assert done.stderr == b"wellkept: input or output: No space left on device\n"


def test_colour_is_for_terminals_only(shop, monkeypatch):
    shop.ok("set", "A", stdin="x")
    assert "\x1b" not in shop.ok("history", "A").out
    from wellkept.cli import output

    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert output.bold("x", Terminal()) == "\x1b[1mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.bold("x", Terminal()) == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert output.bold("x", Terminal()) == "x"


def test_the_run_path_loads_no_parser_and_no_other_command(shop):
    shop.ok("set", "A", stdin="x")
    code = (
        "import os, sys\n"
        "def stop(*_): print(*sorted(sys.modules)); sys.stdout.flush(); os._exit(0)\n"
        "os.execvpe = stop\n"
        "from wellkept.cli import main\n"
        "main(['run', '--', 'true'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = {
        "argparse", "asyncio", "concurrent.futures", "dataclasses", "dotenv", "hashlib", "importlib.metadata", "inspect",
        "logging", "pathlib", "pydantic", "shutil", "socket", "ssl", "subprocess", "tempfile", "tenacity", "uuid", "yaml",
    }  # fmt: skip
    assert not loaded & heavy
    ours = {name for name in loaded if name.startswith("wellkept.cli.")}
    assert ours == {f"wellkept.cli.{name}" for name in ("context", "run", "usage", "values", "variables")}


def test_main_takes_its_words_from_the_command_line(bare, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["wellkept", "version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("wellkept ")
