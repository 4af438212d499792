"""What a killed server was doing on PostgreSQL is finished or undone: nothing is forgotten, nothing is left."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from core_served import Served
from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import SYSTEM
from wellkept.storage.sqlite import SQLiteStorage

from .killed import PATHS, prepare


class Again(Served):
    """The store that another process left."""

    def __init__(self, directory):
        self.clock = SYSTEM
        self.audit_path = str(directory / "audit.jsonl")
        self.storage = SQLiteStorage.open(str(directory / "store.db"))
        self.barrier = Barrier.unseal(self.storage, KeyFileSeal(directory / "key"), clock=SYSTEM)
        self.service = self._open()
        self.root = (directory / "root").read_text()
        self.address = "127.0.0.1"


def users(postgres, like="v-%"):
    with psycopg.connect(postgres.url()) as connection:
        query = "SELECT rolname FROM pg_roles WHERE rolname LIKE %s"
        return [name for (name,) in connection.execute(query, (like,)).fetchall()]


@pytest.fixture
def accounts(postgres):
    """``admin`` and ``static``, with passwords that are known, and nobody else."""
    for name, options in (("admin", "SUPERUSER"), ("static", "")):
        postgres.execute(f"DROP ROLE IF EXISTS {name}")
        postgres.execute(f"CREATE ROLE {name} {options} LOGIN PASSWORD 'first'")
    for name in users(postgres):
        postgres.execute(f'DROP ROLE "{name}"')


def killed(directory, step, postgres):
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("killed.py")),
            str(directory),
            step,
            str(postgres.port),
        ],
        input=b"first",
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("step", PATHS)
def test_a_kill_between_two_steps_leaves_nothing_behind(step, tmp_path, postgres, accounts):
    killed(tmp_path, step, postgres)
    assert len(users(postgres)) == (step == "user-made")
    served = Again(tmp_path)
    try:
        served.service.chores.run_once()
        assert users(postgres) == []
        intentions = [
            name
            for mount in served.service.router.mounts("secret")
            for name in served.barrier.list(mount.prefix + "intention/")
        ]
        assert intentions == []
        answer = served.call("GET", "database/creds/app")
        assert answer.status == 200, answer
        psycopg.connect(postgres.url(user=answer.data["username"], password=answer.data["password"])).close()
        assert served.call("POST", "sys/leases/revoke", {"lease_id": answer.lease_id}).status == 204
        assert users(postgres) == []
        for _ in range(2):
            creds = served.call("GET", "database/static-creds/s").data
            psycopg.connect(postgres.url(user="static", password=creds["password"])).close()
            assert served.call("POST", "database/rotate-role/s").status == 204
    finally:
        served.close()


def test_what_cannot_be_undone_is_tried_until_it_can(tmp_path, postgres, accounts, monkeypatch):
    served = Served(tmp_path)
    try:
        prepare(served, postgres.port, "first")
        monkeypatch.setattr("wellkept.engines.database.creds.acknowledge", _fail)
        assert served.call("GET", "database/creds/app").status == 400
        assert len(users(postgres)) == 1
        served.service.chores.run_once()  # somebody may be at work on it still
        assert len(users(postgres)) == 1
        postgres.stop()
        served.clock.advance(100)
        served.service.chores.run_once()
        postgres.start()
        served.clock.advance(4)
        served.service.chores.run_once()
        assert len(users(postgres)) == 1
        served.clock.advance(2)
        served.service.chores.run_once()
        assert users(postgres) == []
    finally:
        served.close()


def _fail(view, identifier):
    from wellkept.core.refusal import Refusal

    raise Refusal(400, "the transaction failed")


def test_a_request_that_comes_too_late_gives_nothing_out(tmp_path, postgres, accounts, monkeypatch):
    served = Served(tmp_path)
    try:
        prepare(served, postgres.port, "first")
        import wellkept.engines.database.creds as module

        real = module.acknowledge

        def late(view, identifier):
            if not hasattr(late, "done"):
                late.done = True
                served.clock.advance(100)
                served.service.chores.run_once()
            real(view, identifier)

        monkeypatch.setattr(module, "acknowledge", late)
        answer = served.call("GET", "database/creds/app")
        assert answer.status == 500
        assert answer.data is None
        assert users(postgres) == []
    finally:
        served.close()


def test_leases_end_on_time_and_a_database_that_is_away_is_waited_for(tmp_path, postgres, accounts):
    served = Served(tmp_path)
    try:
        prepare(served, postgres.port, "first")
        leases = [served.call("GET", "database/creds/app").lease_id for _ in range(5)]
        assert len(users(postgres)) == 5
        served.clock.advance(3601)
        postgres.stop()
        served.service.expiration.run_once()
        for pause in (10, 20, 40, 80, 160):
            served.clock.advance(pause)
            served.service.expiration.run_once()
        told = served.call("GET", "sys/leases?type=irrevocable").data
        assert told["lease_count"] == 5
        postgres.start()
        served.restart()
        for lease in leases:
            assert served.call("POST", "sys/leases/revoke", {"lease_id": lease}).status == 204
        assert users(postgres) == []
        assert served.call("GET", "sys/leases?type=irrevocable").data["lease_count"] == 0
    finally:
        served.close()


def test_static_roles_rotate_when_they_are_due_and_again_after_a_failure(tmp_path, postgres, accounts):
    served = Served(tmp_path)

    def password():
        return served.call("GET", "database/static-creds/s").data["password"]

    try:
        prepare(served, postgres.port, "first")
        made = {"db_name": "pg", "username": "static", "rotation_period": "1h"}
        assert served.call("POST", "database/static-roles/s", made).status == 204
        first = password()
        served.clock.advance(3599)
        served.service.chores.run_once()
        assert password() == first
        served.clock.advance(2)
        postgres.stop()
        served.service.chores.run_once()
        assert password() == first
        postgres.start()
        psycopg.connect(postgres.url(user="static", password=first)).close()
        served.clock.advance(11)
        served.service.chores.run_once()
        assert password() != first
        psycopg.connect(postgres.url(user="static", password=password())).close()
    finally:
        served.close()
