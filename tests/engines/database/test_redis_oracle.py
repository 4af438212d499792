"""Over the same Redis, our database engine answers as OpenBao's does."""

from __future__ import annotations

import pytest
import redis

MADE = ("username", "password", "last_vault_rotation")


@pytest.fixture(params=("redis-database-plugin", "valkey-database-plugin"))
def db(both, redis_server, request):
    sides = both(db=("database", {}))
    sides.config = {
        "plugin_name": request.param,
        "allowed_roles": "*",
        "host": "127.0.0.1",
        "port": redis_server.port,
        "username": "default",
        "password": redis_server.password,
    }
    return sides


def test_connections(db):
    db.ask("POST", "db/config/re", db.config)
    db.ask("GET", "db/config/re")
    for name, value in (
        ("host", ""),
        ("port", 0),
        ("port", "zz"),
        ("username", ""),
        ("password", ""),
        ("tls", True),
    ):
        db.ask("POST", "db/config/bad", {**db.config, name: value})
    db.ask("GET", "db/config/bad")
    db.verify()


def test_credentials_are_given_renewed_and_revoked(db, redis_server):
    ask = db.ask
    ask("POST", "db/config/re", db.config)
    with redis_server.client() as admin:
        for statements in ('["~a*", "+get"]', ["~b*", "+set"], [], "", ["[]"]):
            ask(
                "POST",
                "db/roles/app",
                {"db_name": "re", "creation_statements": statements, "default_ttl": "1h"},
            )
            answers = ask("GET", "db/creds/app", ignoring=MADE)
            users = [admin.acl_getuser(body["data"]["username"]) for _, body in answers]
            assert users[0]["commands"] == users[1]["commands"]
            assert users[0]["keys"] == users[1]["keys"]
            for side, (_, body) in zip((db.theirs, db.ours), answers, strict=True):
                user, password = body["data"]["username"], body["data"]["password"]
                lease = {"lease_id": body["lease_id"]}
                assert side.request("POST", "sys/leases/renew", lease)[1]["lease_duration"] == 3600
                assert side.request("POST", "sys/leases/revoke", {**lease, "sync": True})[0] == 204
                with redis_server.client(user=user, password=password) as client:
                    with pytest.raises(redis.AuthenticationError):
                        client.ping()
    ask("POST", "db/roles/app", {"db_name": "re", "creation_statements": "zz"})
    ask("GET", "db/creds/app")
    db.verify()


def test_static_roles_rotate(db, redis_server):
    with redis_server.client() as admin:
        for number, side in enumerate((db.theirs, db.ours)):
            admin.acl_setuser(f"static{number}", enabled=True, passwords=["+x"], commands=["+ping"])
            path = f"{db.mounts['db']}/"
            assert side.request("POST", path + "config/re", db.config)[0] == 204
            made = {"db_name": "re", "username": f"static{number}", "rotation_period": "1h"}
            assert side.request("POST", path + "static-roles/s", made)[0] == 204
            assert side.request("POST", path + "rotate-role/s")[0] == 204
            creds = side.request("GET", path + "static-creds/s")[1]["data"]
            with redis_server.client(user=creds["username"], password=creds["password"]) as client:
                assert client.ping()
    db.verify()
