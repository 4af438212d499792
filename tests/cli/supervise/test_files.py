import os
import stat
import subprocess
import sys

import pytest

from wellkept.cli.supervise.files import PREFIX, SecretFiles, file_system, memory_directory
from wellkept.errors import ConfigError, InvalidRequest


@pytest.fixture
def files(tmp_path):
    made = SecretFiles(str(tmp_path))
    yield made
    made.remove()


def content(files, name):
    with open(f"{files.path}/{name}", "rb") as file:
        return file.read()


def test_nobody_but_the_owner_may_look(files):
    files.update({"TOKEN": b"value", "database/password": b"other"})
    assert stat.S_IMODE(os.stat(files.path).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(f"{files.path}/TOKEN").st_mode) == 0o400
    assert stat.S_IMODE(os.stat(f"{files.path}/database").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(f"{files.path}/database/password").st_mode) == 0o400
    assert content(files, "database/password") == b"other"


def test_an_update_replaces_adds_and_removes_and_says_whether_it_did(files):
    assert files.update({"A": b"1", "B": b"2"}) is True
    assert files.update({"A": b"1", "B": b"2"}) is False
    with open(f"{files.path}/A", "rb") as held:
        assert files.update({"A": b"new", "C": b"3"}) is True
        assert held.read() == b"1", "who has the old file open reads the old content, never half of each"
    assert sorted(os.listdir(files.path)) == ["A", "C"]
    assert content(files, "A") == b"new"


def test_nothing_is_left_at_the_end(files, tmp_path):
    files.update({"A": b"1", "b/c": b"2"})
    files.remove()
    files.remove()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["../x", "a/../b", "/x", "", ".hidden", "a//b", "a\0b", "a/"])
def test_a_name_that_would_leave_the_directory_is_refused(files, name):
    with pytest.raises(InvalidRequest):
        files.update({name: b"x"})
    assert os.listdir(files.path) == []


def test_what_a_killed_run_has_left_is_swept_and_what_a_live_one_holds_is_not(tmp_path):
    program = (
        "import sys, os, signal\n"
        "from wellkept.cli.supervise.files import SecretFiles\n"
        f"files = SecretFiles({str(tmp_path)!r})\n"
        "files.update({'A': b'1'})\n"
        "print(files.path, flush=True)\n"
        "sys.stdin.read()\n"
    )
    killed, alive = (
        subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    )
    left, held = killed.stdout.readline().strip(), alive.stdout.readline().strip()
    killed.kill()
    killed.wait()
    assert os.path.isdir(left)
    ours = SecretFiles(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == sorted([os.path.basename(held), os.path.basename(ours.path)])
    ours.remove()
    alive.communicate("")
    killed.communicate()


def test_only_directories_of_ours_by_name_are_swept(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / f"{PREFIX}file").write_text("no directory")
    SecretFiles(str(tmp_path)).remove()
    assert sorted(os.listdir(tmp_path)) == ["other", f"{PREFIX}file"]


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
tmpfs /run tmpfs rw 0 0
tmpfs /run/user/1000 tmpfs rw 0 0
/dev/sdb1 /run/disk\\040one ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/run/user/1000", "tmpfs"), ("/run/disk one/x", "ext4"), ("/runner", "ext4"), ("/run", "tmpfs")],
)
def test_the_file_system_of_a_path_is_that_of_its_longest_mount_point(tmp_path, path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert file_system(path, str(mounts)) == kind


def test_without_a_list_of_mounts_nothing_is_claimed(tmp_path):
    assert file_system("/run", str(tmp_path / "none")) is None


def test_a_directory_on_a_disk_is_never_taken_for_memory(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(
        "wellkept.cli.supervise.files.file_system", lambda path: "ext4" if path == str(tmp_path) else None
    )
    with pytest.raises(ConfigError, match="--files-in"):
        memory_directory()


@pytest.mark.skipif(file_system("/dev/shm") not in ("tmpfs", "ramfs"), reason="needs /dev/shm in memory")
def test_where_memory_is_mounted_it_is_found(monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert memory_directory() == "/dev/shm"
