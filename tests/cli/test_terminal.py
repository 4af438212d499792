"""What a person at a terminal meets: questions without echo, confirmations, and no binary on the screen."""

import os
import pty
import select
import subprocess
import sys
import time

import pytest

PATIENCE = 30.0


class Screen:
    def __init__(self, *words: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-m", "wellkept", *words])
        self.seen = ""

    def until(self, text: str) -> None:
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{text!r} did not come; saw {self.seen!r}"
            self.seen += os.read(self.fd, 65536).decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def end(self) -> int:
        try:
            while data := os.read(self.fd, 65536):
                self.seen += data.decode(errors="replace")
        except OSError:
            pass  # EIO: the other side is closed
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_a_value_is_asked_for_twice_and_never_shown(shop):
    screen = Screen("set", "A")
    screen.until("value of dev/shop/A: ")
    screen.type("hunter2\n")
    screen.until("again: ")
    screen.type("hunter2\n")
    assert screen.end() == 0
    assert "hunter2" not in screen.seen
    assert shop.ok("get", "A").out == "hunter2\n"


def test_two_different_values_change_nothing(shop):
    screen = Screen("set", "A")
    screen.until("A: ")
    screen.type("hunter2\n")
    screen.until("again: ")
    screen.type("hunter3\n")
    assert screen.end() == 2
    assert "nothing was changed" in screen.seen
    assert shop("get", "A").code == 3


def test_ctrl_c_at_the_question_ends_quietly(shop):
    screen = Screen("set", "A")
    screen.until("A: ")
    screen.type("\x03")
    assert screen.end() == 130
    assert "Traceback" not in screen.seen


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y\n", 0, ""), ("n\n", 1, "dev/shop/A\n"), ("\n", 1, "dev/shop/A\n")]
)
def test_destroying_asks(shop, answer, code, left):
    shop.ok("set", "A", stdin="x")
    screen = Screen("destroy", "A", "--all")
    screen.until("[y/N] ")
    screen.type(answer)
    assert screen.end() == code
    assert shop.ok("list").out == left


def test_binary_is_not_printed_on_a_terminal(shop):
    shop.ok("set", "A", "--binary", stdin=b"\xff\x1b]0;title\x07")
    screen = Screen("get", "A")
    assert screen.end() == 65
    assert "--out" in screen.seen
    assert "title" not in screen.seen
    screen = Screen("get", "A", "--raw")
    assert screen.end() == 0
    assert "title" in screen.seen


def test_a_passphrase_is_chosen_at_init_and_asked_for_after(bare):
    screen = Screen("init", "--no-hook", "--passphrase")
    screen.until("passphrase: ")
    screen.type("correct horse battery\n")
    screen.until("again: ")
    screen.type("correct horse battery\n")
    assert screen.end() == 0
    for words, expected in (
        (["set", "A", "--insist-value", "v"], "version 1"),
        (["run", "--", "sh", "-c", "echo it is $A"], "it is v"),
    ):
        screen = Screen(*words)
        screen.until("passphrase: ")
        screen.type("correct horse battery\n")
        assert screen.end() == 0
        assert expected in screen.seen
        assert "horse" not in screen.seen
    screen = Screen("get", "A")
    screen.until("passphrase: ")
    screen.type("wrong\n")
    assert screen.end() == 8


def test_without_a_terminal_a_passphrase_store_says_what_to_do(bare, monkeypatch):
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "correct horse battery")
    bare.ok("init", "--no-hook", "--passphrase")
    monkeypatch.delenv("WELLKEPT_PASSPHRASE")
    done = bare.process("list", start_new_session=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 8
    assert b"WELLKEPT_PASSPHRASE_FILE" in done.stderr


def test_a_passphrase_can_be_changed_and_swapped_for_a_key_file(bare, monkeypatch):
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "correct horse battery")
    bare.ok("init", "--no-hook", "--passphrase")
    bare.ok("set", "A", stdin="v")
    screen = Screen("rekey")
    screen.until("new passphrase: ")
    screen.type("another horse battery\n")
    screen.until("again: ")
    screen.type("another horse battery\n")
    assert screen.end() == 0
    assert bare("get", "A").code == 8
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "another horse battery")
    assert bare.ok("get", "A").out == "v\n"
    bare.ok("rekey", "--key-file", "shop.key")
    monkeypatch.setenv("WELLKEPT_KEY_FILE", str(bare.directory / "shop.key"))
    assert bare.ok("get", "A").out == "v\n"


def test_the_hook_is_offered(bare):
    subprocess.run(["git", "init", "-q"], check=True)
    screen = Screen("init")
    screen.until("pre-commit hook? [y/N] ")
    screen.type("y\n")
    assert screen.end() == 0
    assert (bare.directory / ".git" / "hooks" / "pre-commit").exists()


def test_long_work_shows_progress_on_the_terminal_only(shop):
    shop.write("many.env", "".join(f"S{n}=value{n}\n" for n in range(500)))
    screen = Screen("import", "many.env")
    assert screen.end() == 0
    assert "500 of 500" in screen.seen
    assert "value" not in screen.seen
    shop.write("more.env", "".join(f"T{n}=value{n}\n" for n in range(500)))
    assert "of 500" not in shop.ok("import", "more.env").err
