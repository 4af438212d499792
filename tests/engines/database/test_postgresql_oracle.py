"""Over the same PostgreSQL, our database engine answers as OpenBao's does."""

from __future__ import annotations

import pytest

CREATE = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
MADE = ("username", "password", "last_vault_rotation")


@pytest.fixture
def db(both, postgres):
    sides = both(db=("database", {}))
    sides.url = (
        f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{postgres.port}/postgres?sslmode=disable"
    )
    sides.config = {
        "plugin_name": "postgresql-database-plugin",
        "allowed_roles": "*",
        "connection_url": sides.url,
        "username": "postgres",
        "password": postgres.password,
    }
    return sides


def test_connections_are_written_read_listed_and_deleted(db):
    ask, base = db.ask, db.config
    ask("POST", "db/config/pg", base)
    ask("GET", "db/config/pg")
    ask("POST", "db/config/pg", {"allowed_roles": ["a", "b*"]})
    ask("GET", "db/config/pg")
    for change in (
        {"plugin_name": "nope"},
        {"plugin_name": ""},
        {"connection_url": ""},
        {"username_template": "{{bad"},
        {"username_template": "{{bad}}"},
        {"password_authentication": "zz"},
        {"max_open_connections": "zz"},
        {"username": "{{username}}"},
        {"verify_connection": "zz"},
    ):
        ask("POST", "db/config/bad", {**base, **change})
        ask("GET", "db/config/bad")
    ask("POST", "db/config/bad", {"connection_url": db.url})
    inside = db.url.replace("{{username}}", "a").replace("{{password}}", "hunter2")
    more = {
        "max_open_connections": 7,
        "zzz": 1,
        "username_template": "x-{{.RoleName}}",
        "max_connection_lifetime": "5s",
    }
    unverified = {
        "plugin_name": base["plugin_name"],
        "verify_connection": False,
        "connection_url": inside,
        **more,
    }
    ask("POST", "db/config/nv", unverified)
    ask("GET", "db/config/nv")
    ask("LIST", "db/config")
    ask("DELETE", "db/config/nv")
    ask("DELETE", "db/config/nv")
    ask("GET", "db/config/nv")
    ask("LIST", "db/config")
    ask("POST", "db/reset/pg")
    ask("POST", "db/reset/none")
    ask("POST", "db/rotate-root/none")
    ask("GET", "db/reset/pg")
    ask("GET", "db/nowhere")
    db.verify()


def test_roles_are_written_read_listed_and_deleted(db):
    ask = db.ask
    for body in (
        {},
        {"db_name": "pg"},
        {"db_name": "pg", "creation_statements": CREATE, "default_ttl": "1h", "max_ttl": 7200},
        {
            "db_name": "pg",
            "creation_statements": ["a;b", " c "],
            "renew_statements": [],
            "default_ttl": 10,
            "max_ttl": 5,
        },
        {"creation_statements": "", "revocation_statements": ["", "x"], "rollback_statements": "y"},
        {"db_name": "pg", "credential_type": "zz"},
        {"db_name": "pg", "credential_config": {"a": "b"}},
        {"db_name": "pg", "credential_config": {"password_policy": "b"}},
        {"default_ttl": -1},
        {"max_ttl": "zz"},
        {"db_name": "", "zzz": 1},
        {"creation_statements": {"a": 1}},
        {"creation_statements": [1, True]},
    ):
        ask("POST", "db/roles/app", body)
        ask("GET", "db/roles/app")
    ask("POST", "db/roles/b-1.c", {"db_name": "pg"})
    for path in ("db/roles", "db/roles?limit=1", "db/roles?after=app", "db/static-roles"):
        ask("LIST", path)
    for name in ("-x", "x'y", "a/b", "a%20b"):
        ask("POST", f"db/roles/{name}", {"db_name": "pg"})
        ask("GET", f"db/creds/{name}")
    ask("DELETE", "db/roles/app")
    ask("GET", "db/roles/app")
    ask("GET", "db/creds/app")
    ask("PATCH", "db/roles/app", {"db_name": "x"})
    db.verify()


def test_credentials_are_given_renewed_and_revoked(db, postgres):
    import psycopg

    ask = db.ask
    ask(
        "POST",
        "db/config/pg",
        {**db.config, "allowed_roles": ["app", "x*", "broken", "empty", "lost", "policy"]},
    )
    ask(
        "POST",
        "db/roles/app",
        {"db_name": "pg", "creation_statements": CREATE, "default_ttl": "1h", "max_ttl": "2h"},
    )
    answers = ask("GET", "db/creds/app", ignoring=MADE)
    for _, body in answers:
        user, password = body["data"]["username"], body["data"]["password"]
        assert user.startswith("v-root-app-")
        assert len(user) == len(answers[0][1]["data"]["username"])
        assert len(password) == 20
        with psycopg.connect(postgres.url(user=user, password=password)) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (user,)
    for side, (_, body) in zip((db.theirs, db.ours), answers, strict=True):
        lease = {"lease_id": body["lease_id"]}
        assert (
            side.request("POST", "sys/leases/renew", {**lease, "increment": 600})[1]["lease_duration"] == 600
        )
        assert side.request("POST", "sys/leases/renew", {**lease, "increment": 86400})[1][
            "lease_duration"
        ] in (7200, 7199)
        assert side.request("POST", "sys/leases/revoke", {**lease, "sync": True})[0] == 204
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(postgres.url(user=body["data"]["username"], password=body["data"]["password"]))
    for name, body in (
        ("broken", {"db_name": "pg", "creation_statements": 'CREATE ROLE "{{name}}" FOO'}),
        ("empty", {"db_name": "pg"}),
        ("lost", {"db_name": "nodb", "creation_statements": CREATE}),
        ("other", {"db_name": "pg", "creation_statements": CREATE}),
        (
            "policy",
            {
                "db_name": "pg",
                "creation_statements": CREATE,
                "credential_config": {"password_policy": "none"},
            },
        ),
        (
            "xy",
            {"db_name": "pg", "creation_statements": [CREATE, 'GRANT pg_monitor TO "{{name}}"; SELECT 1;']},
        ),
    ):
        ask("POST", f"db/roles/{name}", body)
        ask("GET", f"db/creds/{name}", ignoring=MADE)
    ask("POST", "db/rotate-root/pg2")
    ask("DELETE", "db/config/pg")
    ask("GET", "db/creds/app")
    db.verify()


def test_static_roles_take_over_and_rotate(db, postgres):
    import psycopg

    ask = db.ask
    for number, side in enumerate(
        (db.theirs, db.ours)
    ):  # an account for each: they would lock each other out
        postgres.execute(f"CREATE ROLE static{number} LOGIN PASSWORD 'x'")
        path = f"{db.mounts['db']}/"
        side.request("POST", path + "config/pg", db.config)
        made = {"db_name": "pg", "username": f"static{number}", "rotation_period": "1h"}
        assert side.request("POST", path + "static-roles/s", made)[0] == 204
        before = side.request("GET", path + "static-creds/s")[1]["data"]
        psycopg.connect(postgres.url(user=before["username"], password=before["password"])).close()
        assert side.request("POST", path + "rotate-role/s")[0] == 204
        after = side.request("GET", path + "static-creds/s")[1]["data"]
        assert after["password"] != before["password"]
        psycopg.connect(postgres.url(user=after["username"], password=after["password"])).close()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(postgres.url(user=before["username"], password=before["password"]))
    ask("GET", "db/static-roles/s", ignoring=MADE)
    ask("GET", "db/static-creds/s", ignoring=MADE)
    for body in (
        {"db_name": "pg", "username": "nouser", "rotation_period": "1h"},
        {"db_name": "pg", "username": "st"},
        {"db_name": "pg", "username": "st", "rotation_period": "1s"},
        {"db_name": "pg", "rotation_period": "1h"},
        {"username": "st", "rotation_period": "1h"},
        {"db_name": "nodb", "username": "st", "rotation_period": "1h"},
    ):
        ask("POST", "db/static-roles/t", body)
        ask("GET", "db/static-roles/t")
    ask("POST", "db/static-roles/s", {"username": "other"})
    ask("POST", "db/static-roles/s", {"rotation_period": "1s"})
    ask("POST", "db/roles/s", {"db_name": "pg"})
    ask("POST", "db/roles/app", {"db_name": "pg"})
    ask("POST", "db/static-roles/app", {"db_name": "pg", "username": "st", "rotation_period": "1h"})
    ask("POST", "db/rotate-role/none")
    ask("GET", "db/static-creds/none")
    ask("LIST", "db/static-roles")
    ask("DELETE", "db/static-roles/s")
    ask("LIST", "db/static-roles")
    db.verify()


def test_rotate_root(db, postgres):
    for number, side in enumerate((db.theirs, db.ours)):
        postgres.execute(f"CREATE ROLE admin{number} SUPERUSER LOGIN PASSWORD 'first'")
        path = f"{db.mounts['db']}/"
        config = {**db.config, "username": f"admin{number}", "password": "first"}
        assert side.request("POST", path + "config/pg", config)[0] == 204
        side.request("POST", path + "roles/app", {"db_name": "pg", "creation_statements": CREATE})
        assert side.request("POST", path + "rotate-root/pg")[0] == 204
        assert side.request("GET", path + "creds/app")[0] == 200
        assert side.request("POST", path + "config/pg", {"password": "first"})[0] == 400
    db.ask("GET", "db/config/pg", ignoring=("connection_details",))
    db.verify()
