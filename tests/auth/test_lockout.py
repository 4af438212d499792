"""Lockout over HTTP: five wrong secrets lock a name, however it is spelt, and whether or not it exists."""

from __future__ import annotations

import http.client
import itertools
import json

import pytest

_numbers = itertools.count()


@pytest.fixture
def door(ours):
    """Asks our server without a token: ``door(path, body)``; as root: ``door.root(method, path, body)``."""

    def ask(path, body, method="POST", token=None):
        connection = http.client.HTTPConnection(ours.host, ours.port, timeout=30)
        headers = {} if token is None else {"X-Vault-Token": token}
        connection.request(method, f"/v1/{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content) if content else {}

    ask.root = lambda method, path, body=None: ask(path, body or {}, method, ours.root_token)
    ask.mount = f"lock{next(_numbers)}"
    return ask


@pytest.fixture
def people(door):
    door.root("POST", f"sys/auth/{door.mount}", {"type": "userpass"})
    door.root("POST", f"auth/{door.mount}/users/ann", {"password": "right"})
    return lambda name, password: door(f"auth/{door.mount}/login/{name}", {"password": password})


def test_cve_2025_6004_every_spelling_of_a_name_counts_as_one(people):
    for name in ("ann", "ANN", "Ann", "aNN", "anN"):
        status, _ = people(name, "wrong")
        assert status in (400, 403)
    assert people("ann", "right")[0] == 403
    assert people("ANN", "right")[0] == 403


@pytest.mark.parametrize("name", ["ann ", "%61nn", "ann/", "ann%00", "ann?x=1"])
def test_cve_2025_6004_no_other_spelling_gets_past_a_lock(people, name):
    for _ in range(5):
        people("ann", "wrong")
    try:
        status, _ = people(name, "right")
    except (http.client.InvalidURL, ValueError):
        return  # the client itself refuses to send it
    assert status >= 400


def test_who_does_not_exist_is_locked_like_who_does(people):
    answers = {name: [people(name, "wrong") for _ in range(7)] for name in ("ann", "nobody")}
    strip = [[(status, body["errors"]) for status, body in answers[name]] for name in answers]
    assert strip[0] == strip[1]
    assert answers["ann"][-1][0] == 403


def test_a_right_password_forgets_the_failures(people):
    for _ in range(3):
        for _ in range(4):
            assert people("ann", "wrong")[0] == 400
        assert people("ann", "right")[0] == 200


def test_operators_see_who_is_locked_and_let_them_in(door, people):
    for _ in range(5):
        people("ann", "wrong")
    accessor = door.root("GET", "sys/auth")[1]["data"][f"{door.mount}/"]["accessor"]
    locked = door.root("GET", "sys/locked-users")[1]["data"]["by_namespace"][0]["mount_accessors"]
    assert [each["alias_identifiers"] for each in locked if each["mount_accessor"] == accessor] == [["ann"]]
    assert door.root("POST", f"sys/locked-users/{accessor}/unlock/ann")[0] == 204
    assert people("ann", "right")[0] == 200


def test_a_mount_sets_its_own_limits(door, people):
    tuned = door.root(
        "POST", f"sys/auth/{door.mount}/tune", {"user_lockout_config": {"lockout_threshold": "2"}}
    )
    assert tuned[0] == 204
    for _ in range(2):
        people("ann", "wrong")
    assert people("ann", "right")[0] == 403
    door.root("POST", f"sys/auth/{door.mount}/tune", {"user_lockout_config": {"lockout_disable": True}})
    assert people("ann", "right")[0] == 200


def test_a_role_id_is_locked_by_wrong_secret_ids(door):
    door.root("POST", f"sys/auth/{door.mount}", {"type": "approle"})
    door.root("POST", f"auth/{door.mount}/role/r", {"role_id": "rid"})
    secret = door.root("POST", f"auth/{door.mount}/role/r/secret-id")[1]["data"]["secret_id"]
    for _ in range(5):
        door(f"auth/{door.mount}/login", {"role_id": "rid", "secret_id": "wrong"})
    assert door(f"auth/{door.mount}/login", {"role_id": "rid", "secret_id": secret})[0] == 403
    assert door(f"auth/{door.mount}/login", {"role_id": " rid ", "secret_id": secret})[0] == 403
