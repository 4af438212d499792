"""Audit devices that block, fill up or vanish under a running server: nothing is answered unrecorded, one that works suffices."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from doubles.raw_http import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from doubles.raw_http import Reply
    from doubles.server_process import Process

VALUE = "shown-only-when-recorded"


class Audited:
    """A server with a secret to read. ``log``: where the device ``main`` writes."""

    def __init__(self, process: Process, directory: Path) -> None:
        self.process = process
        self.directory = directory
        self.root, _ = process.initialise()
        self.wire = Wire(process.port)
        self.numbers = iter(range(10**6))
        assert (
            self.ask("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}).status == 204
        )
        assert self.write().status == 200

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        return self.wire.ask(method, f"/v1/{path}", body, token=self.root, headers=headers)

    def enable(self, name: str, **options: str) -> Reply:
        kind = options.pop("type", "file")
        return self.ask("PUT", f"sys/audit/{name}", {"type": kind, "options": options})

    def read(self) -> Reply:
        return self.ask("GET", "secret/data/x")

    def write(self) -> Reply:
        return self.ask("POST", "secret/data/x", {"data": {"value": VALUE, "n": next(self.numbers)}})

    def refuses_all(self) -> None:
        """Reads, writes, logins, denials, tokens: each fails, says why in general, and shows and changes nothing."""
        for method, path, body in (
            ("GET", "secret/data/x", None), ("POST", "secret/data/x", {"data": {"value": "changed"}}), ("DELETE", "secret/data/x", None),
            ("LIST", "secret/metadata/", None), ("POST", "auth/token/create", {}), ("GET", "sys/mounts", None),
            ("POST", "sys/mounts/more", {"type": "kv"}), ("POST", "sys/wrapping/wrap", {"a": VALUE}), ("GET", "nope/x", None),
            ("POST", "sys/tools/random", {}), ("POST", "sys/wrapping/lookup", {"token": "x"}),
        ):  # fmt: skip
            reply = self.ask(method, path, body)
            assert reply.status == 500, (method, path, reply)
            assert list(reply.json) == ["errors"]
            assert VALUE.encode() not in reply.body
            assert str(self.directory).encode() not in reply.body
        denied = self.wire.ask("GET", "/v1/secret/data/x", token="s.guess")
        assert denied.status == 500

    def answered_before(self) -> int:
        return int(self.read().json["data"]["metadata"]["version"])


pytestmark = pytest.mark.slow


@pytest.fixture
def audited(serve: Callable[..., Process], tmp_path: Path) -> Iterator[Audited]:
    audited = Audited(serve(), tmp_path)
    yield audited
    audited.wire.close()
    assert "Traceback" not in audited.process.said()


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A named pipe, and the end that nobody reads from but the test."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    os.close(reader)


def fill(path: Path) -> None:
    """As full as it gets."""
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        for size in (4096, 1):
            try:
                while True:
                    os.write(writer, b"\n" * size)
            except BlockingIOError:
                pass
    finally:
        os.close(writer)


def empty(reader: int) -> bytes:
    parts = []
    try:
        while part := os.read(reader, 1 << 16):
            parts.append(part)
    except BlockingIOError:
        pass
    return b"".join(parts)


def test_while_the_only_device_is_blocked_nothing_is_answered(
    audited: Audited, pipe: tuple[Path, int]
) -> None:
    path, reader = pipe
    assert audited.enable("main", file_path=str(path)).status == 204
    version = audited.answered_before()
    fill(path)
    audited.refuses_all()
    assert audited.process.call("GET", "sys/health")[0] == 200  # the server itself goes on
    empty(reader)
    while (reply := audited.read()).status == 500:  # for a moment it does not try again
        empty(reader)
    assert reply.json["data"]["metadata"]["version"] == version
    assert reply.json["data"]["data"]["value"] == VALUE
    assert b'"secret/data/x"' in empty(reader)


def test_while_one_device_is_blocked_the_other_suffices(audited: Audited, pipe: tuple[Path, int]) -> None:
    path, _ = pipe
    assert audited.enable("main", file_path=str(path)).status == 204
    assert audited.enable("second", file_path=str(audited.directory / "second.log")).status == 204
    fill(path)
    assert audited.write().status == 200
    assert audited.read().status == 200
    paths = [record["path"] for record in records(audited.directory / "second.log")]
    assert paths.count("secret/data/x") == 3  # two of the write, one of the read


def test_a_socket_that_takes_nothing_blocks_nothing_for_long_and_nothing_is_answered(
    audited: Audited,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert audited.enable("main", type="socket", address=address, write_timeout="200ms").status == 204
        statuses = set()
        for _ in range(20_000):  # until both ends' buffers are full
            statuses.add(audited.read().status)
            if 500 in statuses:
                break
        began = time.monotonic()
        assert {audited.read().status for _ in range(5)} == {500}
        assert time.monotonic() - began < 30
    assert 500 in statuses
    assert statuses <= {200, 500}
    for _ in range(3):
        assert audited.read().status == 500  # the server that took the records is gone altogether


def limit(process: Process, size: int) -> None:
    """No file of the server's may grow beyond ``size`` bytes, as on a disk with no more room."""
    for pid in process.workers():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_when_the_disk_of_the_only_device_is_full_nothing_is_answered(audited: Audited) -> None:
    log = audited.directory / "main.log"
    assert audited.enable("main", file_path=str(log)).status == 204
    pad = {"X-Pad": "x" * 50_000}
    assert audited.ask("POST", "sys/config/auditing/request-headers/x-pad", {"hmac": False}).status == 204
    audited.write()
    while log.stat().st_size < 12 << 20:  # larger than any other file of the store will get
        assert audited.ask("GET", "secret/data/x", headers=pad).status == 200
    version, before = audited.answered_before(), len(records(log))
    limit(audited.process, log.stat().st_size)
    audited.refuses_all()
    assert len(records(log)) == before
    limit(audited.process, resource.RLIM_INFINITY)
    while (reply := audited.read()).status == 500:
        pass
    assert reply.json["data"]["metadata"]["version"] == version
    assert audited.write().status == 200
    assert [record["path"] for record in records(log)[before:]].count("secret/data/x") >= 3


@pytest.mark.parametrize("how", ["removed", "a-file-now"])
def test_when_the_directory_of_the_only_device_is_gone_nothing_is_answered(
    audited: Audited, how: str
) -> None:
    place = audited.directory / "place"
    place.mkdir()
    assert audited.enable("main", file_path=str(place / "main.log")).status == 204
    version = audited.answered_before()
    shutil.rmtree(place)
    if how == "a-file-now":
        place.touch()
    audited.refuses_all()
    if how == "a-file-now":
        place.unlink()
    place.mkdir()
    while (reply := audited.read()).status == 500:
        pass
    assert reply.json["data"]["metadata"]["version"] == version
    assert records(place / "main.log")[-1]["path"] == "secret/data/x"


def test_a_directory_that_was_moved_away_takes_the_records_along(audited: Audited) -> None:
    place = audited.directory / "place"
    place.mkdir()
    assert audited.enable("main", file_path=str(place / "main.log")).status == 204
    place.rename(audited.directory / "elsewhere")
    before = len(records(audited.directory / "elsewhere" / "main.log"))
    assert audited.read().status == 200
    assert len(records(audited.directory / "elsewhere" / "main.log")) == before + 1


def test_with_two_devices_either_may_be_gone_but_not_both(audited: Audited) -> None:
    for name in ("one", "two"):
        (audited.directory / name).mkdir()
        assert audited.enable(name, file_path=str(audited.directory / name / "audit.log")).status == 204
    shutil.rmtree(audited.directory / "one")
    assert audited.write().status == 200
    before = audited.answered_before()
    assert records(audited.directory / "two" / "audit.log")[-1]["path"] == "secret/data/x"
    shutil.rmtree(audited.directory / "two")
    audited.refuses_all()
    (audited.directory / "one").mkdir()
    while (reply := audited.read()).status == 500:
        pass
    assert reply.json["data"]["metadata"]["version"] == before


def test_every_answer_that_was_given_under_a_flickering_device_is_recorded(audited: Audited) -> None:
    """It comes and goes while requests are made: each one that was answered stands in the log by its identifier."""
    place = audited.directory / "place"
    place.mkdir()
    assert audited.enable("main", file_path=str(place / "main.log")).status == 204
    lines: list[str] = []
    answered: list[str] = []
    refused = 0
    for turn in range(120):
        if turn % 6 == 2:
            lines += [record["id"] for record in records(place / "main.log")]
            shutil.rmtree(place)
        if turn % 6 == 5:
            place.mkdir()
        reply = audited.read() if turn % 2 else audited.write()
        if reply.status == 200:
            answered.append(reply.json["request_id"])
        else:
            assert reply.status == 500
            refused += 1
    lines += [record["id"] for record in records(place / "main.log")] if (place / "main.log").exists() else []
    assert refused > 20
    assert len(answered) > 20
    assert set(answered) <= set(lines)


def test_cve_2025_6000_over_http_no_device_goes_where_it_could_do_harm(audited: Audited) -> None:
    store = audited.process.directory / "store"
    victim = audited.directory / "victim.txt"
    victim.write_text("precious")
    (audited.directory / "link.log").symlink_to(victim)
    (audited.directory / "plugin.sh").touch(0o755)
    for path in (
        str(store / "store.db"), str(store / "audit-served.jsonl"), str(store / "new.log"), str(victim), f"{audited.directory}/link.log",
        f"{audited.directory}/plugin.sh", f"{audited.directory}/x/../../etc/cron.d/x", "/etc/cron.d/x", "/proc/self/mem", "/dev/sda", "/dev/full",
        "/root/.ssh/authorized_keys", "relative", "", f"{audited.directory}/new\0.log", f"{audited.directory}/.bashrc", "//etc/passwd",
    ):  # fmt: skip
        before = sorted(store.iterdir())
        reply = audited.enable("bad", file_path=path)
        assert reply.status == 400, (path, reply)
        assert sorted(store.iterdir()) == before
    assert audited.enable("bad", file_path=f"{audited.directory}/a.log", mode="0755").status == 400
    assert audited.enable("bad", file_path=f"{audited.directory}/a.log", prefix="#!/bin/sh\nid\n").status in (
        204,
        400,
    )
    assert victim.read_text() == "precious"
    assert not any(
        os.access(each, os.X_OK) for each in audited.directory.glob("*.log") if not each.is_symlink()
    )
    token = audited.ask("POST", "auth/token/create", {"policies": ["default"]}).json["auth"]["client_token"]
    denied = audited.wire.ask(
        "PUT", "/v1/sys/audit/x", {"type": "file", "options": {"file_path": "/tmp/x.log"}}, token=token
    )
    assert denied.status == 403
