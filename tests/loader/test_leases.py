"""Leases from a real OpenBao for a real PostgreSQL: TTL 4 s, at most 8 s."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from wellkept.errors import Transient
from wellkept.loader.secrets import Secrets
from wellkept.testing.openbao import OpenBaoServer
from wellkept.testing.openbao_fixture import require_openbao
from wellkept.testing.postgres import PostgresServer

CREATE = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
PATH = "database/creds/app"


@pytest.fixture(scope="module")
def postgres():
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def bao(postgres):
    """An OpenBao that makes users of ``postgres``, to be hurt by the tests here."""
    require_openbao()
    with OpenBaoServer() as server:
        server.request("POST", "sys/mounts/database", {"type": "database"})
        config = {
            "plugin_name": "postgresql-database-plugin", "allowed_roles": "*", "username": "postgres",
            "password": postgres.password,
            "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@{postgres.host}:{postgres.port}/postgres",
        }  # fmt: skip
        server.request("POST", "database/config/app", config)
        role = {"db_name": "app", "creation_statements": [CREATE], "default_ttl": "4s", "max_ttl": "8s"}
        server.request("POST", "database/roles/app", role)
        server.request("POST", "database/roles/long", {**role, "default_ttl": "1h", "max_ttl": "24h"})
        server.policy("app", **{"database/creds/+": ["read"], "sys/leases/revoke": ["update"]})
        yield server


@pytest.fixture
def secrets(bao, monkeypatch):
    for name in ("BAO_TOKEN", "BAO_ADDR", "VAULT_ADDR", "VAULT_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAULT_TOKEN", bao.token("app"))
    with Secrets(bao.url(), refresh=False, deadline=5) as made:
        yield made


def works(postgres, credentials):
    url = postgres.url(user=credentials.username, password=credentials.password.reveal())
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def eventually(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.02)


def test_credentials_work_and_are_gone_after_close(bao, postgres, secrets):
    lease = secrets.lease("database/creds/long")
    credentials = lease.current()
    assert works(postgres, credentials)
    assert secrets.lease("database/creds/long") is lease
    secrets.close()
    eventually(lambda: not works(postgres, credentials))


def test_a_revoked_lease_is_replaced_when_the_database_refuses_it(bao, postgres, secrets):
    lease = secrets.lease("database/creds/long")
    refused = lease.current()
    bao.request("PUT", "sys/leases/revoke", {"lease_id": refused.lease_id, "sync": True})
    assert not works(postgres, refused)
    lease._issued_at -= 10
    assert works(postgres, lease.refresh())
    assert lease.current().username != refused.username


def test_a_login_whose_token_is_revoked_gives_new_credentials_under_the_new_token(bao, postgres, monkeypatch):
    bao.request("POST", "sys/auth/userpass", {"type": "userpass"})
    bao.request("POST", "auth/userpass/users/ann", {"password": "correct horse", "token_policies": ["app"]})
    monkeypatch.setenv("VAULT_PASSWORD", "correct horse")
    with Secrets(bao.url(options="auth=userpass&user=ann"), refresh=False) as secrets:
        lease = secrets.lease("database/creds/long")
        first = lease.current()
        session = secrets.source.session
        bao.request("POST", "auth/token/revoke", {"token": session._keeper.present.value})
        session.call("GET", "auth/token/lookup-self", deadline=time.monotonic() + 5)  # somebody finds out
        eventually(lambda: lease.current().username != first.username)
        assert works(postgres, lease.current())


@pytest.mark.slow
def test_ten_seconds_of_connections_through_renewals_and_replacements_without_a_refusal(postgres, secrets):
    lease = secrets.lease(PATH)
    events, users, failed = [], set(), 0
    lease.on_event(lambda event: events.append(event.kind))
    end = time.monotonic() + 10
    while time.monotonic() < end:
        credentials = lease.current()
        users.add(credentials.username)
        failed += not works(postgres, credentials)
        threading.Event().wait(0.01)
    assert failed == 0
    assert len(users) >= 2
    assert {"renewed", "replaced"} <= set(events)


@pytest.mark.slow
def test_connections_opened_before_a_replacement_have_time_to_finish(postgres, secrets):
    lease = secrets.lease(PATH)
    changed = threading.Event()
    lease.on_change(lambda change: changed.set())
    first = lease.current()
    assert changed.wait(15)
    assert works(postgres, first), "the old credentials are still good when the change is told"
    assert works(postgres, lease.current())


@pytest.mark.slow
def test_an_outage_longer_than_the_credentials_is_an_error_and_then_over(bao, postgres, secrets):
    lease = secrets.lease(PATH)
    events = []
    lease.on_event(lambda event: events.append(event.kind))
    lease._deadline = 0.5
    bao.pause()
    try:
        eventually(lambda: lease.state == "lost")
        with pytest.raises(Transient):
            lease.current()
    finally:
        bao.resume()
    eventually(lambda: lease.state == "held")
    assert works(postgres, lease.current())
    assert events[-1] == "replaced"
    assert {"failed", "expired"} <= set(events)


SCRIPT = """
import sys
from wellkept.loader.secrets import Secrets
secrets = Secrets(sys.argv[1])
lease = secrets.lease("database/creds/long")
print(lease.current().username, lease.current().password.reveal())
"""


def test_a_process_that_ends_without_a_word_gives_its_credentials_back(bao, postgres):
    environment = {**os.environ, "VAULT_TOKEN": bao.token("app")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, bao.url()], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    user, password = done.stdout.split()

    def refused():
        try:
            psycopg.connect(postgres.url(user=user, password=password)).close()
        except psycopg.OperationalError:
            return True
        return False

    eventually(refused)


def test_the_end_of_a_process_does_not_wait_for_a_server_that_hangs(bao):
    environment = {**os.environ, "VAULT_TOKEN": bao.token("app")}
    script = SCRIPT + "import os, signal\nos.kill(int(sys.argv[2]), signal.SIGSTOP)\n"
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, bao.url(), str(bao._process.pid)],
            env=environment, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    finally:
        bao.resume()
    assert done.returncode == 0, done.stderr


PAGE = Path(__file__).parents[2] / "docs" / "leases.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_what_the_page_shows_works_with_the_permissions_that_it_names(bao, postgres, monkeypatch):
    from wellkept.integrations.pools import bind

    (policy,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    bao.request("PUT", "sys/policies/acl/shop", {"policy": policy})
    role = {"db_name": "app", "creation_statements": [CREATE], "default_ttl": "1h", "max_ttl": "24h"}
    bao.request("POST", "database/roles/shop", role)
    monkeypatch.setenv("VAULT_TOKEN", bao.token("shop", no_default_policy=True))
    assert len(EXAMPLES) == 4
    with ConnectionPool(f"host={postgres.host} port={postgres.port} dbname=postgres", open=False) as pool:
        names = {"psycopg": psycopg, "bind": bind, "pool": pool}
        for code in EXAMPLES:
            code = code.replace("vault://vault.example.com:8200/secret", bao.url())
            code = code.replace(
                'host="db"', f'host="{postgres.host}", port={postgres.port}, dbname="postgres"'
            )
            if "kubernetes/creds" in code:
                continue  # that engine needs a cluster
            exec(compile(code, str(PAGE), "exec"), names)
        pool.open()
        with pool.connection() as connection:
            (user,) = connection.execute("select current_user").fetchone()
        assert user == names["credentials"].username == names["lease"].current().username
        names["connection"].close()
    names["secrets"].close()
    eventually(lambda: not works(postgres, names["credentials"]))
