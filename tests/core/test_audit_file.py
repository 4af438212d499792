"""The audit log's file: shared, durable, and refused when it cannot be what it must be."""

import errno
import os
import pathlib
import threading

import pytest

from wellkept.core.audit_chain import Chain
from wellkept.core.audit_file import AuditFile
from wellkept.core.audit_verify import AuditBroken, verify
from wellkept.errors import AuditError, IntegrityError

KEY = b"k" * 32


class Marks:
    """Where heads are kept in these tests: a dictionary that all files share, as the store's marks are."""

    def __init__(self):
        self.kept = {}

    def get_mark(self, name):
        return self.kept.get(name)

    def set_mark(self, name, value, *, durable=True):
        self.kept[name] = value


@pytest.fixture
def marks():
    return Marks()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "audit.jsonl")


@pytest.fixture
def make(path, marks):
    made = []

    def another():
        made.append(AuditFile(path, Chain(KEY), marks))
        return made[-1]

    first = another()
    first.initialise()
    yield another
    for file in made:
        file.close()


def read(path):
    return pathlib.Path(path).read_bytes()


def check(path, file):
    return verify(path, Chain(KEY), file.head())


def test_lines_are_in_the_file_and_the_head_names_the_last(make, path):
    file = make()
    file.append(['"n":1', '"n":2'])
    assert file.head().seq == 2
    assert file.head().size == os.path.getsize(path)
    assert check(path, file).lines == 2


def test_only_the_owner_may_read_it(make, path):
    make().append(['"n":1'])
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_two_writers_continue_each_others_chain(make, path):
    one, other = make(), make()
    for _ in range(5):
        one.append(['"by":1'])
        other.append(['"by":2'])
    assert check(path, one).lines == 10


def test_threads_and_writers_at_once_leave_a_whole_chain(make, path):
    files = [make(), make()]

    def write(file):
        for _ in range(20):
            file.append(['"n":1'])

    threads = [threading.Thread(target=write, args=(files[number % 2],)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert check(path, files[0]).lines == 120


def test_threads_that_wait_share_a_sync_and_each_hears_of_its_failure(make, path, monkeypatch):
    file = make()
    syncs, entered, go = [], threading.Event(), threading.Event()
    real = os.fdatasync

    def slow(fd):
        syncs.append(fd)
        entered.set()
        go.wait(10)
        if len(syncs) == 2:
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    monkeypatch.setattr(os, "fdatasync", slow)
    outcomes = []

    def append(number):
        try:
            outcomes.append(file.append([f'"n":{number}']).seq)
        except AuditError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(5)]
    threads[0].start()
    entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(file._queue) < 4:
        pass
    go.set()
    for thread in threads:
        thread.join()
    assert len(syncs) == 2
    assert outcomes[0] == 1
    assert [type(outcome) for outcome in outcomes[1:]] == [AuditError] * 4
    assert len({id(outcome) for outcome in outcomes[1:]}) == 4
    assert check(path, file).lines == 1


def test_after_a_fork_both_halves_continue_the_chain(make, path):
    file = make()
    file.append(['"n":0'])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for _ in range(20):
                file.append(['"by":"child"'])
            code = 0
        finally:
            os._exit(code)
    for _ in range(20):
        file.append(['"by":"parent"'])
    assert os.waitpid(child, 0)[1] == 0
    assert check(path, file).lines == 41


@pytest.mark.parametrize("tail", [b"{", b'{"seq":3,"n"', b"\0" * 100, b'{"seq":2,"n":9,"prev":"x"}'])
def test_a_line_that_a_crash_cut_off_is_removed_by_the_next_append(make, path, tail):
    file = make()
    file.append(['"n":1', '"n":2'])
    with open(path, "ab") as raw:
        raw.write(tail)
    assert check(path, file).unfinished
    make().append(['"n":3'])
    assert check(path, file) == (3, 3, False)


def test_lines_beyond_the_head_are_taken_over(make, path, marks):
    file = make()
    file.append(['"n":1'])
    before = dict(marks.kept)
    file.append(['"n":2', '"n":3'])
    marks.kept = before  # as after a power cut: the file was synced, the head was not
    other = make()
    other.append(['"n":4'])
    assert check(path, other) == (4, 4, False)


def test_a_crash_inside_a_batch_keeps_its_whole_lines(make, path, marks):
    file = make()
    file.append(['"n":1'])
    before = dict(marks.kept)
    file.append(['"n":2', '"n":3'])
    marks.kept = before
    os.truncate(path, os.path.getsize(path) - 10)
    other = make()
    other.append(['"n":4'])
    assert check(path, other).lines == 3


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_log_cut_at_a_line_serves_on_and_shows_the_gap_for_ever(make, path, lost):
    file = make()
    file.append([f'"n":{number}' for number in range(3)])
    lines = read(path).splitlines(keepends=True)
    pathlib.Path(path).write_bytes(b"".join(lines[: 3 - lost]))
    make().append(['"n":3'])
    make().append(['"n":4'])
    with pytest.raises(AuditBroken) as broken:
        check(path, file)
    assert broken.value.kind == "dropped"
    assert broken.value.line == 4 - lost


def test_a_log_cut_inside_a_line_keeps_the_next_line_apart_from_the_rest(make, path):
    file = make()
    file.append([f'"n":{number}' for number in range(3)])
    os.truncate(path, os.path.getsize(path) - 10)
    make().append(['"n":3'])
    with pytest.raises(AuditBroken) as broken:
        check(path, file)
    assert (broken.value.kind, broken.value.line) == ("changed", 3)
    assert b'"n":3' in read(path).splitlines()[-1]


def test_a_removed_log_is_begun_again_where_the_chain_was_and_shows_it(make, path):
    file = make()
    file.append(['"n":0', '"n":1'])
    os.unlink(path)
    file.append(['"n":2'])
    with pytest.raises(AuditBroken) as broken:
        check(path, file)
    assert (broken.value.kind, broken.value.line, broken.value.seq) == ("dropped", 1, 3)


def test_a_replaced_log_is_not_written_to_behind_its_back(make, path, tmp_path):
    file = make()
    file.append(['"n":0'])
    os.rename(path, tmp_path / "aside")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    file.append(['"n":1'])
    assert len((tmp_path / "aside").read_bytes().splitlines()) == 1
    assert len(read(path).splitlines()) == 1


def test_a_symbolic_link_is_not_followed(make, path, tmp_path):
    os.unlink(path)
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(AuditError, match="symbolic link"):
        make().append(['"n":1'])
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_put_in_place_of_the_open_file_is_noticed(make, path, tmp_path):
    file = make()
    file.append(['"n":1'])
    os.rename(path, tmp_path / "aside")
    os.symlink(tmp_path / "aside", path)
    with pytest.raises(AuditError, match="symbolic link"):
        file.append(['"n":2'])


def test_a_directory_in_its_place_is_refused(make, path):
    os.unlink(path)
    os.mkdir(path)
    with pytest.raises(AuditError, match="directory"):
        make().append(['"n":1'])


def test_a_pipe_in_its_place_is_refused_without_waiting(make, path):
    os.unlink(path)
    os.mkfifo(path)
    with pytest.raises(AuditError, match="regular file"):
        make().append(['"n":1'])


def test_a_missing_directory_is_refused(make, path, tmp_path):
    file = make()
    file.append(['"n":1'])
    os.rename(path, tmp_path / "aside")
    gone = AuditFile(str(tmp_path / "nowhere" / "audit.jsonl"), Chain(KEY), Marks())
    with pytest.raises(AuditError, match="no such file"):
        gone.append(['"n":1'])


def full_after(limit, real=os.write):
    left = [limit]

    def write(fd, data):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        part = bytes(data)[: left[0]]
        left[0] -= len(part)
        return real(fd, part)

    return write


@pytest.mark.parametrize("room", [0, 1, 200])
def test_a_full_disk_refuses_the_record_and_leaves_no_half_of_it(make, path, monkeypatch, room):
    file = make()
    file.append(['"n":1'])
    size = os.path.getsize(path)
    monkeypatch.setattr(os, "write", full_after(room))
    with pytest.raises(AuditError, match="no space left"):
        file.append(['"n":2', '"n":3'])
    monkeypatch.undo()
    assert os.path.getsize(path) == size
    file.append(['"n":4'])
    assert check(path, file).lines == 2


def test_a_sync_that_fails_refuses_the_record(make, path, monkeypatch):
    file = make()

    def fails(fd):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fails)
    with pytest.raises(AuditError, match="input/output"):
        file.append(['"n":1'])
    monkeypatch.undo()
    file.append(['"n":2'])
    assert check(path, file).lines == 1


def test_a_head_that_cannot_be_kept_refuses_the_record(make, path, marks, monkeypatch):
    file = make()

    def fails(name, value, *, durable=True):
        raise AuditError("no room for the head")

    monkeypatch.setattr(marks, "set_mark", fails)
    with pytest.raises(AuditError):
        file.append(['"n":1'])
    monkeypatch.undo()
    file.append(['"n":2'])
    assert check(path, file).lines == 2  # the first line was written, though never answered


def test_a_damaged_head_refuses_every_record(make, marks):
    marks.kept = {name: b"x" + value for name, value in marks.kept.items()}
    with pytest.raises(IntegrityError):
        make().append(['"n":1'])


def test_another_process_that_keeps_the_lock_is_waited_for_and_then_reported(make, path, monkeypatch):
    import fcntl

    file = make()
    monkeypatch.setattr("wellkept.core.audit_file.LOCK_TIMEOUT", 0.05)
    holder = os.open(path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(AuditError, match="another process"):
        file.append(['"n":1'])
    os.close(holder)
    file.append(['"n":2'])
    assert check(path, file).lines == 1
