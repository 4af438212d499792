"""``cmd:``: real programs, run without a shell, within their time and their output."""

import os
import re
import shlex
import signal
import time

import pytest

from wellkept.errors import ConfigError, Denied, Malformed, NotFound, Unavailable
from wellkept.sources.registry import open_source
from wellkept.testing.source_conformance import SourceConformance, SourceHarness

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "sources", "cmd.md")

PROGRAM = """\
#!/bin/sh
# Prints the file that is named, as a password manager would: 3 there is none, 4 not for you, 1 out of order.
cd "$(dirname "$0")" || exit 1
echo "$1" >> log
[ -e slow ] && sleep 30
[ -e down ] && exit 1
[ -e "values/$1.denied" ] && exit 4
[ -e "values/$1.endless" ] && exec yes
[ -e "values/$1" ] || exit 3
[ -e half ] && { head -c 2 "values/$1"; kill -9 $$; }
exec cat "values/$1"
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "manager"
    path.write_text(PROGRAM)
    path.chmod(0o700)
    (tmp_path / "values").mkdir()
    return path


class CommandHarness(SourceHarness):
    def __init__(self, program):
        self.program = program
        self.directory = program.parent

    def open(self):
        return open_source(f"cmd:{shlex.quote(str(self.program))} {{name}}?notfound=3&denied=4&newline=keep")

    def put(self, name, value):
        path = self.directory / "values" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value if isinstance(value, bytes) else value.encode())

    def remove(self, name):
        (self.directory / "values" / name).unlink()

    def deny(self, name):
        self.put(f"{name}.denied", "")

    def garble(self, name):
        self.put(f"{name}.endless", "")

    def slow(self, seconds):
        (self.directory / "slow").touch()

    def refuse(self):
        (self.directory / "down").touch()

    def break_off(self):
        (self.directory / "half").touch()

    def restore(self):
        for name in ("slow", "down", "half"):
            (self.directory / name).unlink(missing_ok=True)

    def reads(self):
        log = self.directory / "log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def can_list(self):
        return False


class TestCommand(SourceConformance):
    @pytest.fixture
    def harness(self, program):
        return CommandHarness(program)


def script(tmp_path, text):
    path = tmp_path / "script"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return f"cmd:{shlex.quote(str(path))} {{name}}"


def test_the_name_is_one_argument_whatever_is_in_it(tmp_path):
    url = script(tmp_path, 'printf "%s|" "$@"')
    for name in ("a b", "$(id)", "x;y", "'q\"", "a*", "`id`"):
        assert open_source(url).read(name).reveal() == f"{name}|"


def test_the_name_may_stand_within_a_word_and_several_times(tmp_path):
    source = open_source(script(tmp_path, 'printf "%s|" "$@"') + " --item=vault/{name}/password {name}")
    assert source.read("a b").reveal() == "a b|--item=vault/a b/password|a b|"


@pytest.mark.parametrize("name", ["-rf", "--config=x", "", "a\nb", "../a", "a/./b", "x" * 1025])
def test_a_name_that_is_no_harmless_argument_is_not_passed_on(tmp_path, name):
    source = open_source(script(tmp_path, f"touch {shlex.quote(str(tmp_path / 'ran'))}"))
    with pytest.raises(NotFound):
        source.read(name)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("printed", "value"),
    [("v\\n", "v"), ("v\\n\\n", "v\n"), ("v\\r\\n", "v"), ("v", "v"), ("", ""), ("\\n", "")],
)
def test_one_line_end_is_the_terminals_and_not_the_values(tmp_path, printed, value):
    assert open_source(script(tmp_path, f"printf '{printed}'")).read("x").reveal() == value


def test_a_plain_failure_is_not_absence(tmp_path):
    with pytest.raises(Unavailable, match="exit code 1"):
        open_source(script(tmp_path, "exit 1")).read("x")


def test_exit_codes_mean_what_the_url_says(tmp_path):
    url = script(tmp_path, "exit $1") + "?notfound=3,44&denied=4"
    kinds = {"3": NotFound, "44": NotFound, "4": Denied, "5": Unavailable}
    outcomes = open_source(url).read_many(list(kinds))
    assert {name: type(outcome) for name, outcome in outcomes.items()} == kinds


def test_nothing_that_a_failing_program_prints_is_quoted(tmp_path):
    url = script(tmp_path, "echo s3cret-out; echo s3cret-err >&2; exit 7")
    with pytest.raises(Unavailable) as caught:
        open_source(url).read("x")
    shown = repr([caught.value, caught.value.args, caught.value.__context__, caught.value.__cause__])
    assert "s3cret" not in shown


def test_much_on_stderr_does_not_hold_it_up(tmp_path):
    url = script(tmp_path, "head -c 1000000 /dev/zero >&2; echo value")
    assert open_source(url).read("x").reveal() == "value"


def test_out_of_time_the_program_and_its_children_are_killed(tmp_path):
    url = script(tmp_path, f"sleep 300 & echo $! > {shlex.quote(str(tmp_path / 'child'))}; wait")
    with pytest.raises(Unavailable, match="did not end"):
        open_source(url).read("x", timeout=0.3)
    child = int((tmp_path / "child").read_text())
    for _ in range(200):  # the kernel's reaper may need a moment
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        with open(f"/proc/{child}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] == "Z":
                break
        time.sleep(0.01)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("the child of the program is still running")


def test_a_program_that_prints_without_end_is_stopped(tmp_path):
    with pytest.raises(Malformed, match="more than 1048576 bytes"):
        open_source(script(tmp_path, "exec yes")).read("x")


def test_there_is_nobody_to_ask(tmp_path):
    url = script(tmp_path, "read answer && echo asked || echo nobody")
    assert open_source(url).read("x").reveal() == "nobody"


def test_a_missing_program_is_a_mistake_in_the_configuration(tmp_path):
    with pytest.raises(ConfigError, match="not installed"):
        open_source("cmd:wellkept-no-such-program {name}").read("x")
    plain = tmp_path / "plain"
    plain.write_text("no program")
    with pytest.raises(ConfigError, match="cannot be run"):
        open_source(f"cmd:{plain} {{name}}").read("x")


def test_a_relative_program_is_sought_where_the_url_is_written_down(tmp_path):
    script(tmp_path, "echo value")
    assert open_source("cmd:./script {name}", base=str(tmp_path)).read("x").reveal() == "value"


@pytest.mark.parametrize(
    "url",
    [
        "cmd:",
        "cmd:pass show",
        "cmd:{name}",
        "cmd:{name} {name}",
        "cmd:pass 'show {name}",
        "cmd:pass {name}?notfound=0",
        "cmd:pass {name}?notfound=none",
        "cmd:pass {name}?notfound=256",
        "cmd:pass {name}?notfound=1,",
        "cmd:pass {name}?notfound=1&denied=1",
        "cmd:pass {name}?newline=no",
        "cmd:pass {name}?shell=yes",
        "cmd:pass {name}?timeout=-1",
    ],
)
def test_what_is_no_command_is_refused_when_opened(url):
    with pytest.raises(ConfigError):
        open_source(url)


def test_arguments_are_not_part_of_the_url_that_is_shown():
    source = open_source("cmd:fetch --token=hunter2 {name}")
    assert "hunter2" not in source.url + repr(source)


EXAMPLES = re.findall(r"^```python\n(.*?)^```$", open(PAGE).read(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_on_the_page_run(number, tmp_path, monkeypatch):
    """Against programs of ours by the names of the password managers, which print as these do."""
    (tmp_path / "pass").write_text('#!/bin/sh\n[ "$1 $2" = "show billing/database" ] && echo pw\n')
    (tmp_path / "op").write_text('#!/bin/sh\n[ "$2" = "op://prod/stripe/credential" ] && printf key\n')
    for name in ("pass", "op"):
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    names = {}
    exec(compile(EXAMPLES[number], f"cmd.md, block {number}", "exec"), names)
    assert names["value"] in ("pw", "key")
    names["secrets"].close()
