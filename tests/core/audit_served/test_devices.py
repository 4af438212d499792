"""Devices that fail, block, fill up and vanish: nothing goes unrecorded, and one that works suffices."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from wellkept.core.audit_served import device as device_module
from wellkept.core.audit_served import file as file_module
from wellkept.core.audit_served.options import make_device
from wellkept.core.audit_served.verify import verify
from wellkept.core.refusal import Refusal
from wellkept.errors import AuditError

RECORD = '"type":"response"'


def lines(path):
    with open(path, "rb") as file:
        return [json.loads(line) for line in file.read().splitlines() if line]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(file_module, "PATIENCE", 0.1)
    monkeypatch.setattr(device_module, "PAUSE", 0.05)


def test_without_a_device_the_stores_own_log_records(place):
    broker = place.broker()
    broker.append([RECORD])
    assert len(lines(place.log)) == 1
    assert os.stat(place.log).st_mode & 0o777 == 0o600


def test_every_device_has_every_record_and_each_process_sees_what_is_enabled(place, tmp_path):
    broker, other = place.broker(), place.broker(place.another())
    broker.append([RECORD])
    other.append([RECORD])
    place.enable("a", file_path=str(tmp_path / "a.log"))
    place.enable("b", file_path=str(tmp_path / "b.log"), mode="0640")
    broker.append([RECORD])
    other.append([RECORD, RECORD])
    assert len(lines(tmp_path / "a.log")) == len(lines(tmp_path / "b.log")) == 3
    assert os.stat(tmp_path / "b.log").st_mode & 0o777 == 0o640
    assert len(lines(place.log)) == 2
    place.disable("a")
    other.append([RECORD])
    assert len(lines(tmp_path / "a.log")) == 3
    assert len(lines(tmp_path / "b.log")) == 4
    place.disable("b")
    broker.append([RECORD])
    assert len(lines(place.log)) == 3
    for log in (place.log, tmp_path / "a.log", tmp_path / "b.log"):
        verify(str(log), place.keys, place.barrier)


def test_a_prefix_stands_before_each_line_and_the_chain_verifies_without_it(place, tmp_path):
    place.enable("a", file_path=str(tmp_path / "a.log"), prefix="@cee: ")
    broker = place.broker()
    broker.append([RECORD, RECORD])
    broker.note()
    with open(tmp_path / "a.log") as file:
        assert all(line.startswith('@cee: {"chain"') for line in file)
    assert verify(str(tmp_path / "a.log"), place.keys, place.barrier, prefix=b"@cee: ").lines == 2


def test_one_device_suffices_and_none_does_not(place, tmp_path):
    (tmp_path / "gone").mkdir()
    place.enable("a", file_path=str(tmp_path / "a.log"))
    place.enable("b", file_path=str(tmp_path / "gone" / "b.log"))
    broker = place.broker()
    broker.append([RECORD])
    os.unlink(tmp_path / "gone" / "b.log")
    os.rmdir(tmp_path / "gone")
    broker.append([RECORD])
    place.disable("a")
    with pytest.raises(AuditError, match="nothing is answered"):
        broker.append([RECORD])
    (tmp_path / "gone").mkdir()
    broker.append([RECORD])
    assert len(lines(tmp_path / "gone" / "b.log")) == 1


def test_a_pipe_that_nobody_reads_fails_in_bounded_time_and_works_again_when_read(place, tmp_path, impatient):
    pipe = str(tmp_path / "pipe.log")
    os.mkfifo(pipe)
    place.enable("pipe", file_path=pipe)
    broker = place.broker()
    with pytest.raises(AuditError):
        broker.append([RECORD])
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    big = f'"data":"{"x" * 70_000}"'
    with pytest.raises(AuditError, match="nobody takes"):
        broker.append([big, big])
    with pytest.raises(AuditError, match="a moment ago"):
        broker.append([RECORD])
    taken = []

    def drain():
        while len(taken) == 0 or b"last" not in b"".join(taken):
            try:
                taken.append(os.read(reader, 65536))
            except BlockingIOError:
                pass

    thread = threading.Thread(target=drain)
    thread.start()
    while True:
        try:
            broker.append(['"last":1'])
        except AuditError:
            continue
        break
    thread.join(10)
    os.close(reader)
    assert not broker.devices[0].prompt


class Listener:
    """A TCP server that takes lines, or does not."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"

    def line(self):
        connection, _ = self._server.accept()
        with connection, connection.makefile("rb") as file:
            return json.loads(file.readline())

    def close(self):
        self._server.close()


def test_a_socket_takes_records_connects_anew_and_fails_when_nobody_listens(place):
    listener = Listener()
    place.enable("s", kind="socket", address=listener.address, socket_type="tcp", write_timeout="500ms")
    broker = place.broker()
    broker.append(['"n":1'])
    assert listener.line()["n"] == 1
    for number in range(20):  # the first after the hang-up may still be taken by the network
        broker.append([f'"n":{number}'])
    assert "n" in listener.line()
    listener.close()
    broker.devices[0].reopen()
    with pytest.raises(AuditError, match="refused"):
        broker.append([RECORD])


def test_a_udp_and_a_unix_socket_take_records(place, tmp_path):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "s"))
    unix.listen()
    place.enable("u", kind="socket", address=f"127.0.0.1:{udp.getsockname()[1]}", socket_type="udp")
    place.enable("x", kind="socket", address=str(tmp_path / "s"), socket_type="unix")
    place.broker().append(['"n":7'])
    assert json.loads(udp.recv(65536))["n"] == 7
    assert json.loads(unix.accept()[0].recv(65536))["n"] == 7
    udp.close()
    unix.close()


FULL = """
import resource, sys, json
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.core.audit_served.conftest import Place
from wellkept.core.audit_served.verify import verify
from wellkept.errors import AuditError
place = Place(Path({tmp!r}))
place.enable("a", file_path={log!r})
broker = place.broker()
broker.append(['"n":0'])
broker.note()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
taken, refused = 0, 0
for number in range(2000):
    try:
        broker.append([f'"n":{{number}},"pad":"{{"x" * (number % 200)}}"', '"second":true'])
        taken += 2
    except AuditError:
        refused += 1
        if refused == 3:
            break
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for number in range(3):
    broker.append(['"after":true'])
broker.note()
report = verify({log!r}, place.keys, place.barrier)
print(json.dumps([taken, refused, report]))
place.close()
"""


def test_a_file_that_may_not_grow_refuses_and_its_chain_owns_up_to_what_was_cut_off(tmp_path):
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
    script = FULL.format(root=root, tmp=str(tmp_path), log=str(tmp_path / "a.log"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    taken, refused, (found, chains, torn) = json.loads(done.stdout)
    assert refused == 3
    assert taken > 100
    assert found >= 1 + taken + 3
    assert chains == 1
    assert torn == 1


def test_a_sync_that_fails_counts_as_a_device_that_failed(place, tmp_path, monkeypatch):
    place.enable("a", file_path=str(tmp_path / "a.log"))
    broker = place.broker()
    broker.append([RECORD])

    def fail(fd):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(AuditError, match="input/output"):
        broker.sync()
    monkeypatch.undo()
    broker.sync()


def test_threads_that_sync_together_are_all_served(place, tmp_path, monkeypatch):
    broker = place.broker()
    syncs, real = [], os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (syncs.append(fd), real(fd)))

    def run():
        for _ in range(10):
            broker.append([RECORD])
            broker.sync()

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    broker.note()
    assert len(syncs) <= 170
    assert verify(place.log, place.keys, place.barrier).lines == 160


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("relative.log", "absolute"),
        ("/tmp/../etc/passwd", "detours"),
        ("/etc/cron.d/audit", "system"),
        ("/usr/lib/wellkept.log", "system"),
        ("/proc/self/mem", "system"),
        ("/root/.ssh/authorized_keys", "system"),
        ("{tmp}/store/audit-served.jsonl", "store"),
        ("{tmp}/store/new.log", "store"),
        ("{tmp}/link-to-store/x.log", "store"),
        ("{tmp}/.bashrc", "hidden"),
        ("{tmp}/.ssh/authorized_keys", "hidden"),
        ("{tmp}/plugin.so", "program"),
        ("{tmp}/program", "executable"),
        ("{tmp}/notes.txt", "other than audit records"),
        ("{tmp}/linked.log", "another name"),
        ("{tmp}/symlink.log", "neither a file"),
        ("{tmp}", "neither a file"),
    ],
)
def test_cve_2025_6000_a_file_device_goes_nowhere_dangerous(place, tmp_path, path, reason):
    (tmp_path / "link-to-store").symlink_to(place.directory)
    (tmp_path / "program").touch(0o755)
    (tmp_path / "notes.txt").write_text("precious")
    (tmp_path / "original.log").touch()
    os.link(tmp_path / "original.log", tmp_path / "linked.log")
    (tmp_path / "symlink.log").symlink_to(tmp_path / "notes.txt")
    with pytest.raises(Refusal, match=reason) as caught:
        make_device("a", "file", {"file_path": path.format(tmp=tmp_path)}, place.keys, str(place.directory))
    assert caught.value.status == 400
    assert (tmp_path / "notes.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        ("file", {}, "file_path is required"),
        ("socket", {}, "address is required"),
        ("bogus", {}, 'unknown backend type: "bogus"'),
        ("file", {"file_path": "/tmp/a.log", "mode": "0755"}, "executable"),
        ("file", {"file_path": "/tmp/a.log", "mode": "bad"}, "ParseUint"),
        ("file", {"file_path": "/tmp/a.log", "log_raw": "true"}, "log_raw"),
        ("file", {"file_path": "/tmp/a.log", "hmac_accessor": "maybe"}, "ParseBool"),
        ("file", {"file_path": "/tmp/a.log", "format": "jsonx"}, "format"),
        ("file", {"file_path": "/tmp/a.log", "plugin": "x"}, "unknown option"),
        ("socket", {"address": "nowhere"}, "host:port"),
        ("socket", {"address": "h:1", "socket_type": "sctp"}, "socket_type"),
        ("socket", {"address": "h:1", "write_timeout": "forever"}, "duration"),
    ],
)
def test_options_that_make_no_sense_are_refused(place, kind, options, text):
    with pytest.raises(Refusal, match=text):
        make_device("a", kind, options, place.keys, str(place.directory))


def test_a_link_put_where_the_file_was_is_not_followed(place, tmp_path):
    place.enable("a", file_path=str(tmp_path / "a.log"))
    broker = place.broker()
    broker.append([RECORD])
    (tmp_path / "precious").write_text("precious")
    os.unlink(tmp_path / "a.log")
    os.symlink(tmp_path / "precious", tmp_path / "a.log")
    with pytest.raises(AuditError):
        broker.append([RECORD])
    assert (tmp_path / "precious").read_text() == "precious"


def test_standard_output_and_discard_take_records(place, capfd):
    place.enable("out", file_path="stdout")
    place.enable("null", file_path="discard")
    place.broker().append(['"n":5'])
    assert json.loads(capfd.readouterr().out)["n"] == 5
