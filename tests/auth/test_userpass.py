"""User names and passwords: OpenBao's answers, and what must hold beyond them."""

from __future__ import annotations

import pytest

from wellkept.auth.userpass import passwords

BCRYPT = "$2a$05$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"


@pytest.fixture
def up(both):
    return both(up="userpass")


def test_users_and_their_fields_answer_as_openbaos(up):
    for path in (
        "up/users",
        "up/users/bob",
        "up/users/",
        "up",
        "up/",
        "up/nothing",
        "up/users/a/b",
        "up/users/p@x",
        "up/users/-x",
        "up/users/x-",
    ):
        for method in ("GET", "LIST", "DELETE"):
            up.ask(method, path)
        up.ask("POST", path, {"password": "x"})
    up.ask("LIST", "up/users")
    up.ask("POST", "up/users/bob", {})
    up.ask("POST", "up/users/carl", {"password": ""})
    up.ask("POST", "up/users/Bob", {"password": "pw", "policies": "a,b", "ttl": "1h"})
    up.ask("GET", "up/users/BOB")
    for body in (
        {"token_policies": ["c", "Default"], "token_ttl": "30m", "token_max_ttl": "20m"},
        {
            "token_policies": ["c", "Default"],
            "token_ttl": "30m",
            "token_max_ttl": "1h",
            "token_num_uses": 3,
            "token_type": "service",
        },
        {"token_type": "batch"},
        {"token_type": "nope"},
        {"token_bound_cidrs": "x"},
        {"token_bound_cidrs": "127.0.0.1/32,127.0.0.0/8"},
        {"token_num_uses": -1},
        {"token_ttl": "x"},
        {"token_ttl": -1},
        {"token_period": "1h", "token_no_default_policy": True},
        {"policies": ["q"], "token_policies": ["r"], "max_ttl": 70, "bound_cidrs": "127.0.0.0/8"},
        {"unknown": 1},
        {"token_type": "default-batch"},
        {"token_strictly_bind_ip": "yes"},
    ):
        up.ask("POST", "up/users/bob", body)
        up.ask("GET", "up/users/bob")
    up.verify()


def test_password_and_policies_have_paths_of_their_own(up):
    up.ask("POST", "up/users/bob", {"password": "pw"})
    for path, body in (
        ("password", {"password": "pw2"}),
        ("password", {}),
        ("password", {"password": "a", "password_hash": BCRYPT}),
        ("password", {"password_hash": "abc"}),
        ("policies", {"policies": "z"}),
        ("policies", {}),
        ("policies", {"token_policies": "Y,x,,x"}),
    ):
        up.ask("POST", f"up/users/bob/{path}", body)
        up.ask("GET", "up/users/bob")
        up.ask("POST", f"up/users/nobody/{path}", body)
    up.verify()


def test_logins_answer_as_openbaos(up):
    up.ask("POST", "up/users/bob", {"password": "pw", "token_policies": "a"})
    for name in ("bob", "BOB", "nobody"):
        for body in ({"password": "pw"}, {"password": "no"}, {}, {"password": None}):
            up.ask("POST", f"up/login/{name}", body)
    up.verify()


def test_a_password_that_is_no_text_is_the_clients_fault(logins):
    ours = logins(up="userpass")
    assert ours.request("POST", "up/login/bob", {"password": ["pw"]})[0] == 400


def test_a_brought_hash_logs_in(up):
    import bcrypt

    text = bcrypt.hashpw(b"brought", bcrypt.gensalt(5)).decode()
    up.ask("POST", "up/users/hash", {"password_hash": text})
    up.ask("POST", "up/login/hash", {"password": "brought"})
    up.ask("POST", "up/login/hash", {"password": "other"})
    up.verify()


def test_the_password_is_not_in_the_store(logins):
    ours = logins(up="userpass")
    ours.request("POST", "up/users/bob", {"password": "correct horse battery"})
    assert all(b"correct horse" not in entry.value for _, entry in ours.barrier.scan(""))


def test_a_login_from_elsewhere_is_denied_whatever_the_password(logins):
    ours = logins(up="userpass")
    ours.request("POST", "up/users/bob", {"password": "pw", "token_bound_cidrs": "10.0.0.0/8"})
    assert ours.request("POST", "up/login/bob", {"password": "pw"})[0] == 403


class Counted:
    """Counts how often each kind of hash is computed."""

    def __init__(self, monkeypatch):
        self.calls = []
        argon, bcrypt = passwords.Argon2id, passwords._bcrypt()

        def make(**parameters):
            self.calls.append(("argon2id", parameters["memory_cost"], parameters["iterations"]))
            return argon(**parameters)

        class Bcrypt:
            @staticmethod
            def checkpw(raw, text):
                self.calls.append(("bcrypt", text[4:6]))
                return bcrypt.checkpw(raw, text)

        monkeypatch.setattr(passwords, "Argon2id", make)
        monkeypatch.setattr(passwords, "_bcrypt", lambda: Bcrypt)

    def take(self):
        calls, self.calls = self.calls, []
        return calls


def test_cve_2025_6011_nobody_costs_as_much_as_somebody(logins, monkeypatch):
    ours = logins(up="userpass")
    ours.request("POST", "up/users/bob", {"password": "pw"})
    counted = Counted(monkeypatch)
    ours.request("POST", "up/login/bob", {"password": "no"})
    somebody = counted.take()
    ours.request("POST", "up/login/nobody", {"password": "no"})
    assert counted.take() == somebody != []
    ours.request("POST", "up/users/carl", {"password_hash": BCRYPT})
    counted.take()
    seen = []
    for name in ("bob", "carl", "nobody"):
        ours.request("POST", f"up/login/{name}", {"password": "no"})
        seen.append(counted.take())
    assert seen[0] == seen[1] == seen[2]
    assert {kind for kind, *_ in seen[0]} == {"argon2id", "bcrypt"}
