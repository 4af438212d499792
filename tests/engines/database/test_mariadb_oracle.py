"""Over the same MariaDB, our database engine answers as OpenBao's does."""

from __future__ import annotations

import pymysql
import pytest

CREATE = "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'; GRANT SELECT ON *.* TO '{{name}}'@'%'"
MADE = ("username", "password", "last_vault_rotation")


@pytest.fixture
def db(both, mariadb):
    sides = both(db=("database", {}))
    sides.config = {
        "plugin_name": "mysql-database-plugin",
        "allowed_roles": "*",
        "connection_url": f"{{{{username}}}}:{{{{password}}}}@tcp(127.0.0.1:{mariadb.port})/",
        "username": "root",
        "password": mariadb.password,
    }
    return sides


def test_connections(db):
    db.ask("POST", "db/config/my", db.config)
    db.ask("GET", "db/config/my")
    for number, change in enumerate(
        ({"password": "wrong"}, {"connection_url": ""}, {"username_template": "{{bad}}"})
    ):
        db.ask("POST", f"db/config/bad{number}", {**db.config, **change})
        db.ask("GET", f"db/config/bad{number}")
    db.ask("LIST", "db/config")
    db.verify()


def test_credentials_are_given_renewed_and_revoked(db, mariadb):
    ask = db.ask
    for plugin in ("mysql-database-plugin", "mysql-rds-database-plugin"):
        ask("POST", "db/config/my", {**db.config, "plugin_name": plugin})
        ask("POST", "db/roles/app", {"db_name": "my", "creation_statements": CREATE, "default_ttl": "1h"})
        answers = ask("GET", "db/creds/app", ignoring=MADE)
        assert len({len(body["data"]["username"]) for _, body in answers}) == 1
        for side, (_, body) in zip((db.theirs, db.ours), answers, strict=True):
            user, password = body["data"]["username"], body["data"]["password"]
            mariadb.connect(user=user, password=password).close()
            lease = {"lease_id": body["lease_id"]}
            assert side.request("POST", "sys/leases/renew", lease)[1]["lease_duration"] == 3600
            assert side.request("POST", "sys/leases/revoke", {**lease, "sync": True})[0] == 204
            with pytest.raises(pymysql.OperationalError):
                mariadb.connect(user=user, password=password)
    for name, body in (
        ("broken", {"db_name": "my", "creation_statements": "CREATE USER '{{name}}'@'%' FOO"}),
        ("empty", {"db_name": "my"}),
    ):
        ask("POST", f"db/roles/{name}", body)
        ask("GET", f"db/creds/{name}")
    db.verify()


def test_static_roles_and_the_root_account_rotate(db, mariadb):
    for number, side in enumerate((db.theirs, db.ours)):
        mariadb.execute(f"CREATE USER 'static{number}'@'%' IDENTIFIED BY 'x'")
        mariadb.execute(f"CREATE USER 'admin{number}'@'%' IDENTIFIED BY 'first'")
        mariadb.execute(f"GRANT ALL PRIVILEGES ON *.* TO 'admin{number}'@'%' WITH GRANT OPTION")
        path = f"{db.mounts['db']}/"
        config = {**db.config, "username": f"admin{number}", "password": "first"}
        assert side.request("POST", path + "config/my", config)[0] == 204
        made = {"db_name": "my", "username": f"static{number}", "rotation_period": "1h"}
        assert side.request("POST", path + "static-roles/s", made)[0] == 204
        assert side.request("POST", path + "rotate-role/s")[0] == 204
        creds = side.request("GET", path + "static-creds/s")[1]["data"]
        mariadb.connect(user=creds["username"], password=creds["password"]).close()
        assert side.request("POST", path + "rotate-root/my")[0] == 204
        with pytest.raises(pymysql.OperationalError):
            mariadb.connect(user=f"admin{number}", password="first")
        assert side.request("POST", path + "rotate-role/s")[0] == 204
    db.ask("POST", "db/static-roles/t", {"db_name": "my", "username": "nouser", "rotation_period": "1h"})
    db.verify()


def test_a_password_in_the_url_is_never_read_back(db):
    path = f"{db.mounts['db']}/config/my"
    url = db.config["connection_url"].replace("{{username}}:{{password}}", "root:hunter2")
    body = {**db.config, "connection_url": url, "verify_connection": False}
    assert db.ours.request("POST", path, body)[0] == 200
    assert "hunter2" not in str(db.ours.request("GET", path))
