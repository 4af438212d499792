import time

import pytest


@pytest.fixture
def used(shop):
    shop.ok("set", "A", stdin="hunter2")
    shop.ok("get", "A")
    shop("get", "NOPE")
    shop.ok("set", "/prod/billing/db", stdin="x")
    shop.ok("delete", "/prod/billing/db")
    return shop


def rows(result) -> list[list[str]]:
    return [line.split() for line in result.out.splitlines()[1:]]


def test_tail_shows_who_did_what_and_how_it_ended_and_no_value(used):
    result = used.ok("audit", "tail")
    assert "hunter2" not in result.out
    table = rows(result)
    assert ["update", "dev/shop/A", "1", "ok"] in [row[3:] for row in table]
    assert ["read", "dev/shop/NOPE", "not_found"] in [row[3:] for row in table]
    assert ["delete", "prod/billing/db", "1", "ok"] in [row[3:] for row in table]


def test_tail_shows_so_many_records_and_the_last_is_its_own(used):
    for count in (1, 3, 6):
        table = rows(used.ok("audit", "tail", "-n", str(count)))
        assert len(table) == count
        assert table[-1][3:5] == ["read", "sys/audit"]


def test_changes_have_a_record_before_their_effect_as_well(used):
    kinds = [record["type"] for record in used.ok("audit", "tail", "-n", "100", "--all", "--json").json]
    assert "request" in kinds
    kinds = [record["type"] for record in used.ok("audit", "tail", "-n", "100", "--json").json]
    assert "request" not in kinds


def names(result) -> set[str]:
    return {record["path"] for record in result.json}


def test_show_filters_by_name_and_folder(used):
    assert names(used.ok("audit", "show", "--name", "A", "--json")) == {"secret/data/dev/shop/A"}
    assert names(used.ok("audit", "show", "--name", "prod/billing/", "--json")) == {
        "secret/data/prod/billing/db"
    }
    assert names(used.ok("audit", "show", "--name", "prod/bill", "--json")) == set()


def test_show_filters_by_outcome_operation_and_user(used):
    assert names(used.ok("audit", "show", "--outcome", "not_found", "--json")) == {
        "secret/data/dev/shop/NOPE"
    }
    assert names(used.ok("audit", "show", "--outcome", "failed", "--json")) == {"secret/data/dev/shop/NOPE"}
    assert names(used.ok("audit", "show", "--operation", "delete", "--json")) == {
        "secret/data/prod/billing/db"
    }
    me = used.ok("audit", "tail", "-n", "1", "--json").json[0]["client"]["user"]
    assert used.ok("audit", "show", "--user", me, "--json").json
    assert used.ok("audit", "show", "--user", "nobody-else", "--json").json == []


def test_show_filters_by_time(used):
    everything = used.ok("audit", "show", "--json").json
    assert used.ok("audit", "show", "--since", "2020-01-01", "--until", "2020-02-01", "--json").json == []
    assert len(used.ok("audit", "show", "--since", "1h", "--json").json) == len(everything) + 2
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    assert used.ok("audit", "show", "--since", tomorrow, "--json").json == []
    assert len(used.ok("audit", "show", "--limit", "2", "--json").json) == 2
    assert used("audit", "show", "--since", "yesterday").code == 2


def test_verify_passes_and_names_the_first_line_that_was_changed(used):
    assert "none changed" in used.ok("audit", "verify").out
    assert used.ok("audit", "verify", "--json").json["verified"] is True
    path = used.directory / ".wellkept" / "audit.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2].replace(b'"', b"'", 1), *lines[3:]]))
    broken = used("audit", "verify")
    assert broken.code == 7
    assert "line 3" in broken.err


def test_following_prints_records_as_they_come(used):
    running = used.start("audit", "tail", "-n", "1", "-f")
    assert b"sys/audit" in running.stdout.readline()
    used.ok("get", "A")
    assert b"dev/shop/A" in running.stdout.readline()
    running.send_signal(2)
    running.communicate(timeout=30)
    assert running.returncode == 130
