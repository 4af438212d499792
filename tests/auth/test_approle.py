"""AppRole: OpenBao's answers, and that nothing of one role opens another."""

from __future__ import annotations

import pytest


@pytest.fixture
def ar(both):
    return both(ar="approle")


SECRET = ("secret_id", "secret_id_accessor")


def test_roles_answer_as_openbaos(ar):
    ar.ask("LIST", "ar/role")
    ar.ask("GET", "ar/role/r")
    ar.ask("POST", "ar/role/r", {})
    ar.ask("GET", "ar/role/R")
    for body in (
        {
            "policies": "a,b",
            "period": "1h",
            "secret_id_ttl": "10m",
            "secret_id_num_uses": 2,
            "token_ttl": "20m",
            "token_max_ttl": "30m",
        },
        {"secret_id_bound_cidrs": ["127.0.0.1/32", "10.0.0.0/8"]},
        {"token_ttl": "40m"},
        {"token_type": "batch"},
        {"token_period": 0, "token_type": "batch"},
        {"secret_id_num_uses": -1},
        {"token_num_uses": -1},
        {"secret_id_ttl": "x"},
        {"secret_id_ttl": "1d"},
        {"bind_secret_id": False, "secret_id_bound_cidrs": []},
        {"role_id": "custom"},
        {"local_secret_ids": True},
        {"token_bound_cidrs": "127.0.0.1/32"},
        {"bind_secret_id": False},
        {"unknown": True},
    ):
        ar.ask("POST", "ar/role/r", body)
        ar.ask("GET", "ar/role/r")
    ar.ask("GET", "ar/role/r/role-id")
    ar.ask("POST", "ar/role/r2", {"role_id": "custom"})
    ar.ask("GET", "ar/role/r2")
    ar.ask("POST", "ar/role/r/role-id", {})
    ar.ask("POST", "ar/role/r/role-id", {"role_id": "c2"})
    ar.ask("POST", "ar/role/nn/role-id", {"role_id": "c2"})
    ar.ask("GET", "ar/role/nn/role-id")
    ar.ask("POST", "ar/role/l", {"local_secret_ids": True})
    ar.ask("POST", "ar/role/l", {"local_secret_ids": False})
    ar.ask("LIST", "ar/role")
    ar.ask("DELETE", "ar/role/r")
    ar.ask("DELETE", "ar/role/r")
    ar.ask("GET", "ar/role/r")
    ar.ask("POST", "ar/role/r3", {"role_id": "c2"})
    ar.verify()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("policies", {"policies": ["x", "Y"]}),
        ("policies", {"token_policies": "b,a"}),
        ("secret-id-num-uses", {"secret_id_num_uses": 4}),
        ("secret-id-num-uses", {"secret_id_num_uses": 0}),
        ("secret-id-ttl", {"secret_id_ttl": "2h"}),
        ("secret-id-bound-cidrs", {"secret_id_bound_cidrs": []}),
        ("secret-id-bound-cidrs", {"secret_id_bound_cidrs": ["127.0.0.0/8"]}),
        ("token-bound-cidrs", {"token_bound_cidrs": ["127.0.0.0/8"]}),
        ("period", {"period": "2h"}),
        ("period", {"token_period": "2h"}),
        ("token-num-uses", {"token_num_uses": 7}),
        ("token-ttl", {"token_ttl": 60}),
        ("token-max-ttl", {"token_max_ttl": 120}),
        ("local-secret-ids", {}),
    ],
)
def test_single_fields_answer_as_openbaos(ar, path, body):
    ar.ask("POST", "ar/role/r", {"policies": "a,b", "token_ttl": 30, "secret_id_ttl": 600})
    ar.ask("GET", f"ar/role/r/{path}")
    ar.ask("POST", f"ar/role/r/{path}", body)
    ar.ask("GET", f"ar/role/r/{path}")
    ar.ask("GET", "ar/role/r")
    ar.ask("DELETE", f"ar/role/r/{path}")
    ar.ask("GET", f"ar/role/r/{path}")
    ar.ask("GET", f"ar/role/none/{path}")
    ar.ask("POST", f"ar/role/none/{path}", body)
    ar.ask("DELETE", f"ar/role/none/{path}")
    ar.verify()


def test_secret_ids_answer_as_openbaos(ar):
    ar.ask("POST", "ar/role/r", {"token_policies": "p"})
    for body in (
        {},
        {"metadata": '{"k":"v"}', "cidr_list": "127.0.0.1/32"},
        {"metadata": "a=b, c=d"},
        {"metadata": {"k": "v"}},
        {"metadata": "nope"},
        {"metadata": '{"k":5}'},
        {"ttl": "1h", "num_uses": 3, "token_bound_cidrs": ["127.0.0.0/8"]},
        {"num_uses": -3},
        {"unknown": 1},
    ):
        ar.ask("POST", "ar/role/r/secret-id", body, ignoring=SECRET)
    ar.ask("POST", "ar/role/none/secret-id", {})
    ar.ask("LIST", "ar/role/none/secret-id")
    ar.ask(
        "POST",
        "ar/role/limited",
        {"secret_id_num_uses": 2, "secret_id_ttl": "10m", "secret_id_bound_cidrs": "127.0.0.0/8"},
    )
    for body in (
        {"ttl": "1h"},
        {"num_uses": 5},
        {"num_uses": 0},
        {"num_uses": 1, "ttl": 5},
        {"cidr_list": "127.0.0.1/32"},
    ):
        ar.ask("POST", "ar/role/limited/secret-id", body, ignoring=SECRET)
    ar.ask("POST", "ar/role/open", {"bind_secret_id": False, "token_bound_cidrs": "127.0.0.1/32"})
    ar.ask("POST", "ar/role/open/secret-id", {})
    ar.ask("POST", "ar/role/r/custom-secret-id", {"secret_id": "my-own", "ttl": 100}, ignoring=SECRET)
    ar.ask("POST", "ar/role/r/custom-secret-id", {"secret_id": "my-own"})
    ar.ask("POST", "ar/role/r/custom-secret-id", {})
    ar.ask("POST", "ar/role/r/secret-id/lookup", {"secret_id": "my-own"}, ignoring=SECRET)
    for path in ("secret-id/lookup", "secret-id/destroy"):
        ar.ask("POST", f"ar/role/r/{path}", {"secret_id": "no"})
        ar.ask("POST", f"ar/role/r/{path}", {})
        ar.ask("POST", f"ar/role/none/{path}", {"secret_id": "my-own"})
    ar.ask("POST", "ar/role/r/secret-id-accessor/lookup", {"secret_id_accessor": "x"})
    ar.ask("POST", "ar/role/r/secret-id-accessor/destroy", {"secret_id_accessor": "x"})
    ar.ask("POST", "ar/role/r/secret-id/destroy", {"secret_id": "my-own"})
    ar.ask("POST", "ar/role/r/secret-id/lookup", {"secret_id": "my-own"})
    ar.verify()


def test_logins_answer_as_openbaos(ar):
    ar.ask("POST", "ar/role/r", {"token_policies": "p", "role_id": "rid"})
    ar.ask(
        "POST",
        "ar/role/r/custom-secret-id",
        {"secret_id": "sid", "metadata": "k=v", "num_uses": 2},
        ignoring=SECRET,
    )
    for body in (
        {},
        {"role_id": "rid"},
        {"secret_id": "sid"},
        {"role_id": "rid", "secret_id": "no"},
        {"role_id": "no", "secret_id": "sid"},
        {"role_id": "rid", "secret_id": "sid"},
        {"role_id": "rid", "secret_id": "sid"},
        {"role_id": "rid", "secret_id": "sid"},
        {"role_id": 5, "secret_id": "sid"},
    ):
        ar.ask("POST", "ar/login", body)
    ar.ask(
        "POST",
        "ar/role/open",
        {"bind_secret_id": False, "token_bound_cidrs": "127.0.0.1/32", "role_id": "open"},
    )
    ar.ask("POST", "ar/login", {"role_id": "open"})
    ar.verify()


def ready(ours, name="r", **fields):
    ours.request("POST", f"ar/role/{name}", {"role_id": f"id-{name}", **fields})
    _, body = ours.request("POST", f"ar/role/{name}/secret-id", {})
    return {"role_id": f"id-{name}", "secret_id": body["data"]["secret_id"]}, body["data"][
        "secret_id_accessor"
    ]


def test_cve_2023_24999_a_secret_id_is_of_no_use_through_another_role(logins):
    ours = logins(ar="approle")
    mine, accessor = ready(ours, "mine")
    ready(ours, "other")
    secret = {"secret_id": mine["secret_id"]}
    assert ours.request("POST", "ar/role/other/secret-id/lookup", secret)[0] == 204
    ours.request("POST", "ar/role/other/secret-id/destroy", secret)
    assert (
        ours.request("POST", "ar/role/other/secret-id-accessor/lookup", {"secret_id_accessor": accessor})[0]
        == 404
    )
    assert (
        ours.request("POST", "ar/role/other/secret-id-accessor/destroy", {"secret_id_accessor": accessor})[0]
        == 400
    )
    assert ours.request("POST", "ar/login", {**mine, "role_id": "id-other"})[0] == 400
    assert ours.request("POST", "ar/login", mine)[0] == 200


def test_a_secret_id_ends_with_its_time_and_is_tidied(logins):
    ours = logins(ar="approle")
    mine, _ = ready(ours, secret_id_ttl=60)
    assert ours.request("POST", "ar/login", mine)[0] == 200
    ours.clock.advance(61)
    assert ours.request("POST", "ar/login", mine)[0] == 400
    assert ours.request("POST", "ar/role/r/secret-id/lookup", {"secret_id": mine["secret_id"]})[0] == 204
    assert len(ours.request("LIST", "ar/role/r/secret-id")[1]["data"]["keys"]) == 1
    assert ours.request("POST", "ar/tidy/secret-id", {})[0] == 202
    assert ours.request("LIST", "ar/role/r/secret-id")[0] == 404


def test_deleting_a_role_deletes_its_secret_ids(logins):
    ours = logins(ar="approle")
    mine, _ = ready(ours)
    ours.request("DELETE", "ar/role/r")
    assert ours.request("POST", "ar/login", mine)[0] == 400
    ours.request("POST", "ar/role/r", {"role_id": "id-r"})
    assert ours.request("POST", "ar/login", mine)[0] == 400
    assert not [key for key, _ in ours.barrier.scan("auth/ar/secret-id/")]


def test_addresses_bind_the_role_and_the_secret_id(logins):
    ours = logins(ar="approle")
    mine, _ = ready(ours, "bound", secret_id_bound_cidrs="10.0.0.0/8")
    status, body = ours.request("POST", "ar/login", mine)
    assert (status, body["errors"][0]) == (
        400,
        'source address "127.0.0.1" unauthorized by CIDR restrictions on the role',
    )
    ours.request("POST", "ar/role/free", {"role_id": "free"})
    _, made = ours.request("POST", "ar/role/free/secret-id", {"cidr_list": "10.0.0.0/8"})
    status, body = ours.request(
        "POST", "ar/login", {"role_id": "free", "secret_id": made["data"]["secret_id"]}
    )
    assert status == 400
    assert "unauthorized by CIDR restrictions on the secret ID" in body["errors"][0]
    status, _ = ours.request("POST", "ar/role/bound/secret-id", {"cidr_list": "127.0.0.0/8"})
    assert status == 400


def test_neither_role_id_nor_secret_id_is_a_name_or_value_in_the_store(logins):
    ours = logins(ar="approle")
    mine, accessor = ready(ours)
    for key, _entry in ours.storage.scan(""):
        assert mine["secret_id"] not in key
        assert accessor not in key
        assert mine["role_id"] not in key
    assert all(mine["secret_id"].encode() not in entry.value for _, entry in ours.barrier.scan(""))
