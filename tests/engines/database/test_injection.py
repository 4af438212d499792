"""Names, passwords and statements of any kind stay what they are: they neither break out nor crash."""

from __future__ import annotations

import json

import psycopg
import pytest

from core_served import Served
from wellkept.clock import SYSTEM
from wellkept.engines.database import mysql, postgresql
from wellkept.engines.database.failures import DatabaseFailure
from wellkept.engines.database.statements import expand, render
from wellkept.engines.database.urls import shown
from wellkept.engines.database.usernames import Template

from .killed import prepare

NASTY = (
    "x'; DROP TABLE victim; --",
    'x"; DROP TABLE victim; --',
    "x`; DROP TABLE victim; --",
    "x\\'; DROP TABLE victim; #",
    "$$; DROP TABLE victim; $$",
    "/* x */ -- y",
    "{{password}}",
    "ü漢字🔑",
    "\u202ex\u0301",
    "%s %(name)s %%",
    "\n\t;",
)


@pytest.fixture
def session(postgres):
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("value", NASTY)
def test_postgresql_reads_back_exactly_the_value_that_was_put_in(session, value):
    dialect = postgresql._dialect(session)
    statement = """SELECT '{{password}}', 'a''{{password}}''b', {{password}}, $f$'{{password}}'$f$ AS "{{name}}" -- {{name}}'
        /* {{name}}" */"""
    (text,) = render(statement, {"password": value, "name": value[:20]}, dialect)
    cursor = session.execute(text.encode())
    row = cursor.fetchone()
    assert row[:3] == (value, f"a'{value}'b", value)
    assert session.execute(b"SELECT " + row[3].encode()).fetchone() == (value,)
    assert cursor.description[3].name == value[:20]


@pytest.mark.parametrize("value", NASTY)
def test_mariadb_reads_back_exactly_the_value_that_was_put_in(mariadb, value):
    connection = mariadb.connect()
    connection.query("SET NAMES utf8mb4")
    dialect = mysql._dialect(connection)
    statement = (
        r"""SELECT '{{password}}', "a\"{{password}}""b", {{password}} AS `{{name}}`; SELECT 1 # {{name}}'"""
    )
    first, second = render(statement, {"password": value, "name": "n"}, dialect)
    with connection.cursor() as cursor:
        cursor.execute(first)
        assert cursor.fetchone() == (value, f'a"{value}"b', value)
        cursor.execute(second)
    assert mysql._identifier(value).strip("`").replace("``", "`") == value.strip("`")
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT E'\\'{{password}}'",
        "SELECT U&'{{password}}'",
        "SELECT '{{password}}",
        'SELECT "{{name}}',
        "/* /* */ ' */ SELECT {{password}}",
        "SELECT '{{password}}'\0",
        "SELECT '{{password}}\ud800'",
    ],
)
def test_what_cannot_be_read_for_certain_is_refused(session, statement):
    with pytest.raises(DatabaseFailure):
        render(statement, {"password": "p", "name": "n"}, postgresql._dialect(session))


def test_a_body_in_dollars_cannot_be_ended_by_a_value(session):
    dialect = postgresql._dialect(session)
    with pytest.raises(DatabaseFailure):
        render(
            "DO $$ BEGIN PERFORM '{{password}}'; END $$", {"password": "$$; DROP TABLE victim; $$"}, dialect
        )


def test_statements_come_as_text_as_json_and_in_base64():
    from base64 import b64encode

    assert expand(["SELECT 1; SELECT 2"]) == ["SELECT 1; SELECT 2"]
    assert expand(['["SELECT 1", "SELECT 2"]']) == ["SELECT 1", "SELECT 2"]
    assert expand([b64encode(b"SELECT 1; SELECT 2").decode()]) == ["SELECT 1; SELECT 2"]
    assert expand([b64encode(b'["SELECT 1"]').decode(), " ", "FLUSHALL"]) == ["SELECT 1", "FLUSHALL"]


def test_a_schema_named_by_an_attacker_is_no_statement(tmp_path, postgres):
    """CVE-2026-39946: revoking pasted the schema's name into a statement that the administrator runs."""
    schema = 'x FROM nobody; ALTER ROLE mallory SUPERUSER; --"'
    quoted = '"' + schema.replace('"', '""') + '"'
    for statement in (
        "CREATE ROLE mallory",
        "CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'first'",
        f"CREATE SCHEMA {quoted}",
        f"CREATE TABLE {quoted}.t (a int)",
    ):
        postgres.execute(statement)
    served = Served(tmp_path, clock=SYSTEM)
    try:
        prepare(served, postgres.port, "first", account="keeper")
        grant = f'CREATE ROLE "{{{{name}}}}" LOGIN PASSWORD \'{{{{password}}}}\'; GRANT SELECT ON {quoted}.t TO "{{{{name}}}}"'
        served.call("POST", "database/roles/app", {"creation_statements": grant})
        answer = served.call("GET", "database/creds/app")
        assert answer.status == 200, answer
        revoked = served.call("POST", "sys/leases/revoke", {"lease_id": answer.lease_id})
        assert revoked.status == 204, revoked
        with psycopg.connect(postgres.url()) as connection:
            query = "SELECT count(*) FROM pg_roles WHERE rolname = %s"
            assert connection.execute(query, (answer.data["username"],)).fetchone() == (0,)
            found = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'").fetchone()
            assert found == (False,)
    finally:
        served.close()


@pytest.mark.parametrize("name", [*NASTY, "x" * 10_000, "a\0b", "a/b", ""])
def test_templates_and_names_of_any_kind_are_answered_and_leave_nothing(name, tmp_path, postgres):
    served = Served(tmp_path, clock=SYSTEM)
    try:
        prepare(served, postgres.port, postgres.password, account="postgres")
        before = _users(postgres)
        template = name.replace("{{", "").replace("}}", "") + "{{random 5}}"
        answer = served.call("POST", "database/config/pg", {"username_template": template})
        assert answer.status in (204, 400)
        answer = served.call("GET", "database/creds/app")
        assert answer.status in (200, 500), answer
        if answer.status == 200:
            with psycopg.connect(
                host=postgres.host, port=postgres.port, dbname="postgres",
                user=answer.data["username"], password=answer.data["password"],
            ) as connection:  # fmt: skip
                assert connection.execute("SELECT current_user").fetchone() == (answer.data["username"],)
            assert served.call("POST", "sys/leases/revoke", {"lease_id": answer.lease_id}).status == 204
        assert _users(postgres) == before
        for path in (f"database/roles/{name}", f"database/creds/{name}", f"database/static-roles/{name}"):
            for method in ("GET", "POST", "DELETE"):
                status = served.call(method, path, {"db_name": name, "username": name}).status
                assert status in (204, 400, 404, 405), (method, path)
        for statement in (name, f"SELECT '{name}'", f"SELECT '{name}"):
            served.call("POST", "database/roles/any", {"db_name": "pg", "creation_statements": [statement]})
            answer = served.call("GET", "database/creds/any")
            assert answer.status in (200, 400, 500)
            assert "internal error" not in str(answer.errors)
    finally:
        served.close()


def _users(postgres):
    with psycopg.connect(postgres.url()) as connection:
        return connection.execute("SELECT rolname FROM pg_roles ORDER BY 1").fetchall()


def test_username_templates_do_what_vaults_do():
    values = {"DisplayName": "token-x", "RoleName": "my-app"}
    for template, wanted in (
        ('{{ printf "v-%s-%s" (.DisplayName | truncate 5) (.RoleName | uppercase) }}', "v-token-MY-APP"),
        ('a{{- .RoleName | replace "-" "_" -}} b', "amy_appb"),
        ("{{.RoleName | sha256 | truncate 6}}", "f0d2e0"),
        ("{{truncate_sha256 12 (printf `%s%s` .RoleName .DisplayName)}}", None),
    ):
        made = Template(template).make(values)
        assert wanted is None or len(made) == len(wanted)
        assert wanted is None or "sha" in template or made == wanted
    assert len(Template("{{random 20}}").make(values)) == 20
    for bad in ("{{random 0}}", "{{random 100000}}", "{{.Nope}}", "{{truncate}}"):
        with pytest.raises(DatabaseFailure):
            Template(bad).make(values)
    for bad in ("{{", "{{bad}}", "{{(}}", "{{}}", "{{1 2}}", "x" * 20_000):
        with pytest.raises(DatabaseFailure):
            Template(bad)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql://{{username}}:{{password}}@h/d", "postgresql://{{username}}:{{password}}@h/d"),
        ("postgresql://u:p@s@h/d", "postgresql://u:xxxxx@h/d"),
        ("postgresql://h/d?user=u&password=p", "postgresql://h/d?user=u&password=xxxxx"),
        ("host=h user=u password='a b' sslmode=disable", "host=h user=u password=xxxxx sslmode=disable"),
        ("root:p:w@tcp(h:3306)/", "root:xxxxx@tcp(h:3306)/"),
        ("tcp(h:3306)/", "tcp(h:3306)/"),
    ],
)
def test_no_form_of_url_shows_its_password(url, wanted):
    assert shown(url) == wanted


def test_no_credential_stands_in_any_record_or_refusal(tmp_path, postgres):
    served = Served(tmp_path, clock=SYSTEM)
    values, said = {"first-password"}, []
    try:
        postgres.execute("CREATE ROLE leaky SUPERUSER LOGIN PASSWORD 'first-password'")
        postgres.execute("CREATE ROLE quiet LOGIN PASSWORD 'x'")
        prepare(served, postgres.port, "first-password", account="leaky")
        answer = served.call("GET", "database/creds/app")
        values.add(answer.data["password"])
        served.call(
            "POST", "database/static-roles/s", {"db_name": "pg", "username": "quiet", "rotation_period": 60}
        )
        values.add(served.call("GET", "database/static-creds/s").data["password"])
        assert served.call("POST", "database/rotate-root/pg").status == 204
        for statement in (
            "CREATE ROLE \"{{name}}\" '{{password}}'",
            "SELECT {{password}} FROM nowhere",
            "SELECT CAST('{{password}}' AS int)",
            'CREATE ROLE "{{password}}" FOO',
            "DO $$ BEGIN RAISE EXCEPTION 'it is %', '{{password}}'; END $$",
        ):
            served.call("POST", "database/roles/bad", {"db_name": "pg", "creation_statements": [statement]})
            answer = served.call("GET", "database/creds/bad")
            assert answer.status == 500
            said.append(str(answer.errors))
        wrong = {
            "plugin_name": "postgresql-database-plugin",
            "connection_url": "postgresql://u:hunter2secret@127.0.0.1:1/x",
        }
        said.append(str(served.call("POST", "database/config/wrong", wrong).errors))
        wrong["connection_url"] = "postgresql://u:hunter2secret@[bad/x"
        said.append(str(served.call("POST", "database/config/wrong", wrong).errors))
        values.add("hunter2secret")
        said.append(json.dumps(served.call("GET", "database/config/pg").data))
    finally:
        served.close()
    said.append((tmp_path / "audit.jsonl").read_text())
    text = "\n".join(said)
    assert "[password]" in text
    for value in values:
        assert value not in text
