"""No secret leaves but in the answer it belongs to: known values go through every engine and method of a server process,
and whatever comes out of it (log, audit devices, store, errors, process list, environment) is searched byte by byte."""

from __future__ import annotations

import base64
import glob
import itertools
import os
import secrets
import threading
from typing import TYPE_CHECKING, Any

import pytest

from doubles.raw_http import Reply, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from doubles.server_process import Process

pytestmark = pytest.mark.slow


def forms(value: str) -> set[bytes]:
    """The value and its encodings, as bytes to search for; of base64 also within a longer text, at each shift."""
    raw = value.encode()
    found = {
        raw,
        raw[: len(raw) * 2 // 3],
        raw[len(raw) // 3 :],
        raw.hex().encode(),
        raw.hex().upper().encode(),
        raw[::-1],
    }
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * shift + raw)[4 if shift else 0 :].rstrip(b"=")[:-1])
    twice = base64.b64encode(base64.b64encode(raw))
    return found | {twice.rstrip(b"=")[:-3]}


class Canaries:
    """Values by what they are, and where one was found that should not have been."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._forms: dict[str, set[bytes]] = {}

    def new(self, what: str) -> str:
        """One of 24 characters; 18 of its bytes, in base64, are the characters themselves."""
        return self.known(what, secrets.token_hex(12))

    def known(self, what: str, value: str) -> str:
        self._forms[what] = forms(value)
        self.values[what] = value
        return value

    def found_in(self, data: bytes) -> list[str]:
        return [what for what in list(self.values) if any(form in data for form in self._forms[what])]


class Watch(threading.Thread):
    """Reads the command lines and environments of the server's processes, over and over."""

    def __init__(self, canaries: Canaries) -> None:
        super().__init__(daemon=True)
        self._canaries = canaries
        self._ended = threading.Event()
        self.leaks: set[str] = set()
        self.looks = 0

    def run(self) -> None:
        while not self._ended.wait(0.2):
            self.look()

    def look(self) -> None:
        for path in itertools.chain(glob.glob("/proc/[0-9]*/cmdline"), glob.glob("/proc/[0-9]*/environ")):
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except OSError:
                continue  # it has ended, or is another user's
            self.looks += 1
            self.leaks.update(f"{what} in {path}" for what in self._canaries.found_in(data))

    def stop(self) -> None:
        self._ended.set()
        self.join()


class Session:
    """A server process with two audit devices. ``ask`` keeps every error's text."""

    def __init__(self, process: Process, directory: Path) -> None:
        self.process = process
        self.directory = directory
        self.canaries = Canaries()
        self.root, keys = process.initialise(1, 1)
        self.canaries.known("root token", self.root)
        self.canaries.known("unseal key", keys[0])
        self.wire = Wire(process.port)
        self.errors: list[tuple[str, Reply]] = []
        for name in ("one", "two"):
            options = {"file_path": str(directory / f"{name}.log")}
            self.ok("PUT", f"sys/audit/{name}", {"type": "file", "options": options})

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        options.setdefault("token", self.root)
        reply = self.wire.ask(method, f"/v1/{path}", body, **options)
        if reply.status >= 400:
            self.errors.append((f"{method} {path.split('?')[0]}", reply))
        return reply

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        reply = self.ask(method, path, body, **options)
        assert reply.status in (200, 204), (method, path, reply)
        return reply.json

    def outputs(self) -> Iterator[tuple[str, bytes]]:
        yield "the log", self.process.log.read_bytes()
        for place in (self.directory, self.process.directory):
            for directory, _, names in os.walk(place):
                for name in names:
                    path = os.path.join(directory, name)
                    with open(path, "rb") as file:
                        yield path, file.read()
        for what, reply in self.errors:
            yield f"the error of {what}", reply.body + repr(reply.headers).encode()


@pytest.fixture
def session(serve: Callable[..., Process], tmp_path: Path) -> Iterator[Session]:
    session = Session(serve('log_level = "trace"\nkv_at_secret = true'), tmp_path)
    yield session
    session.wire.close()


def b64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def key_value(session: Session) -> None:
    new, ask, ok = session.canaries.new, session.ask, session.ok
    ok("POST", "sys/mounts/kv1", {"type": "kv"})
    for what in ("kv2 value", "kv2 patch"):
        value = new(what)
        method = "PATCH" if "patch" in what else "POST"
        headers = {"Content-Type": "application/merge-patch+json"} if "patch" in what else {}
        ok(
            method,
            "secret/data/a",
            {"data": {"password": value, "nested": {"list": [value]}, "number": 1}},
            headers=headers,
        )
        assert value in str(ok("GET", "secret/data/a"))
    ok("POST", "kv1/a", {"password": (value := new("kv1 value"))})
    assert value in str(ok("GET", "kv1/a"))
    ok("POST", "cubbyhole/a", {"password": new("cubbyhole value")})
    ok("GET", "cubbyhole/a")
    ok("POST", "secret/metadata/a", {"custom_metadata": {"note": "harmless"}, "max_versions": 3})
    for body in (
        {"data": new("data that is no object")},
        {"data": {"a": new("refused by cas")}, "options": {"cas": 99}},
        {"data": {"a": 1}, "options": {"cas": new("cas that is no number")}},
        {"data": {"a": 1}, "options": new("options that are none")},
        {"versions": [new("version that is none")]},
        {"max_versions": new("limit that is none"), "delete_version_after": new("duration that is none")},
    ):
        for path in ("secret/data/a", "secret/destroy/a", "secret/metadata/a"):
            ask("POST", path, body)
    for torn in (
        b'{"data": {"a": "%b"',
        b'{"data": "%b" x}',
        b'["%b"]',
        b'"%b"',
        b'{"data":{"a":"%b\xff"}}',
        b"a=%b&%%zz",
    ):
        ask("POST", "secret/data/a", torn % new(f"torn body {torn!r}").encode())
    ask("POST", "kv1/b", {"ttl": new("ttl that is none")})
    ask("GET", f"secret/data/a?version={new('version in a query')}")
    ok("GET", "secret/subkeys/a")
    ok("POST", "secret/destroy/a", {"versions": [1]})


def tokens(session: Session) -> None:
    known, ask, ok, new = session.canaries.known, session.ask, session.ok, session.canaries.new
    made = ok("POST", "auth/token/create", {"policies": ["default"], "ttl": "1h"})["auth"]
    token = known("service token", made["client_token"])
    batch = known(
        "batch token",
        ok("POST", "auth/token/create", {"type": "batch", "ttl": "1h", "policies": ["default"]})["auth"][
            "client_token"
        ],
    )
    chosen = ok("POST", "auth/token/create", {"id": new("chosen token"), "ttl": "1h"})["auth"]["client_token"]
    for each in (token, batch, chosen):
        ok("GET", "auth/token/lookup-self", token=each)
        ok("POST", "auth/token/lookup", {"token": each})
        ask("POST", "auth/token/renew", {"token": each})
        ask("POST", "sys/capabilities", {"token": each, "path": "a"})
        ask("GET", "sys/mounts", token=each)
    for path in (
        "auth/token/lookup",
        "auth/token/renew",
        "auth/token/revoke",
        "auth/token/revoke-orphan",
        "sys/capabilities",
        "sys/wrapping/lookup",
        "sys/wrapping/unwrap",
    ):
        ask("POST", path, {"token": new(f"unknown token at {path}"), "path": "x"})
        ask("POST", path, {"token": [new(f"token that is a list at {path}")], "path": "x"})
    ask("GET", "secret/data/a", token=new("guessed token"))
    ask("GET", "secret/data/a", token="", headers={"Authorization": f"Bearer {new('bearer token')}"})
    ask("GET", "secret/data/a", token="", headers={"Authorization": f"Basic {new('basic credentials')}"})
    wrapped = (
        ok("GET", "secret/data/b", headers={"X-Vault-Wrap-TTL": "60"})
        if ask("POST", "secret/data/b", {"data": {"a": new("wrapped value")}}).status == 200
        else None
    )
    assert wrapped is not None
    wrapping = known("wrapping token", wrapped["wrap_info"]["token"])
    ok("POST", "sys/wrapping/lookup", {"token": wrapping})
    again = known(
        "rewrapped token", ok("POST", "sys/wrapping/rewrap", {"token": wrapping})["wrap_info"]["token"]
    )
    ok("POST", "sys/wrapping/unwrap", {"token": again})
    ask("POST", "sys/wrapping/unwrap", {"token": again})
    ok("POST", "sys/wrapping/wrap", {"a": new("wrapped data")}, headers={"X-Vault-Wrap-TTL": "60"})
    ok("POST", "auth/token/revoke", {"token": token})


def methods(session: Session) -> None:
    known, ask, ok, new = session.canaries.known, session.ask, session.ok, session.canaries.new
    for kind in ("userpass", "approle"):
        ok("POST", f"sys/auth/{kind}", {"type": kind})
    password = new("password")
    ok("POST", "auth/userpass/users/ann", {"password": password})
    login = ok("POST", "auth/userpass/login/ann", {"password": password}, token="")
    known("token of a login", login["auth"]["client_token"])
    for body in (
        {"password": new("wrong password")},
        {"password": [new("password in a list")]},
        {"passwort": new("password under another name")},
    ):
        for name in ("ann", "nobody"):
            ask("POST", f"auth/userpass/login/{name}", body, token="")
    ok("POST", "auth/userpass/users/ann/password", {"password": new("changed password")})
    ask("POST", "auth/userpass/users/bob", {"password_hash": new("hash that is none")})
    ok("POST", "auth/approle/role/r", {"token_policies": "default"})
    role = ok("GET", "auth/approle/role/r/role-id")["data"]["role_id"]
    secret = known("secret id", ok("POST", "auth/approle/role/r/secret-id", {})["data"]["secret_id"])
    ok("POST", "auth/approle/role/r/custom-secret-id", {"secret_id": new("custom secret id")})
    known(
        "token of a role",
        ok("POST", "auth/approle/login", {"role_id": role, "secret_id": secret}, token="")["auth"][
            "client_token"
        ],
    )
    ok("POST", "auth/approle/role/r/secret-id/lookup", {"secret_id": secret})
    ask("POST", "auth/approle/login", {"role_id": role, "secret_id": new("wrong secret id")}, token="")
    ask(
        "POST",
        "auth/approle/login",
        {"role_id": new("unknown role id"), "secret_id": new("secret id of nobody")},
        token="",
    )
    ok("POST", "auth/approle/role/r/secret-id/destroy", {"secret_id": secret})
    ask("POST", "auth/approle/role/r/secret-id/destroy", {"secret_id": new("secret id that is none")})


def transit(session: Session) -> None:
    known, ask, ok, new = session.canaries.known, session.ask, session.ok, session.canaries.new
    ok("POST", "sys/mounts/transit", {"type": "transit"})
    for name, kind in (
        ("k", "aes256-gcm96"),
        ("c", "chacha20-poly1305"),
        ("ed", "ed25519"),
        ("ec", "ecdsa-p256"),
        ("rsa", "rsa-2048"),
        ("mac", "hmac"),
    ):
        size = {"key_size": 32} if kind == "hmac" else {}
        ok(
            "POST",
            f"transit/keys/{name}",
            {"type": kind, "exportable": True, "allow_plaintext_backup": True, **size},
        )
    for name in ("k", "c", "rsa"):
        plain = b64(new(f"plaintext for {name}"))
        sealed = ok("POST", f"transit/encrypt/{name}", {"plaintext": plain})["data"]["ciphertext"]
        ok("POST", f"transit/decrypt/{name}", {"ciphertext": sealed})
        ok(
            "POST",
            f"transit/encrypt/{name}",
            {"batch_input": [{"plaintext": b64(new(f"plaintext in a batch for {name}"))}]},
        )
        ok("POST", f"transit/rewrap/{name}", {"ciphertext": sealed})
    for name in ("ed", "ec", "rsa"):
        ok("POST", f"transit/sign/{name}", {"input": b64(new(f"signed by {name}"))})
    ok("POST", "transit/hmac/mac", {"input": b64(new("input of a mac"))})
    ok("POST", "transit/hash", {"input": b64(new("hashed input"))})
    ok("POST", "sys/tools/hash", {"input": b64(new("input of the system's hash"))})
    known("data key", ok("POST", "transit/datakey/plaintext/k", {})["data"]["plaintext"])
    for name, kind in (("k", "encryption-key"), ("mac", "hmac-key")):
        known(f"exported {kind}", ok("GET", f"transit/export/{kind}/{name}")["data"]["keys"]["1"])
    exported = ok("GET", "transit/export/signing-key/ec")["data"]["keys"]["1"]
    known("exported signing key", exported.split("\n")[2])
    backup = ok("GET", "transit/backup/k")["data"]["backup"]
    known("backup", backup[100:160])
    ok("POST", "transit/restore/again", {"backup": backup})
    for path in (
        "encrypt/k",
        "decrypt/k",
        "sign/ec",
        "verify/ec",
        "hmac/mac",
        "rewrap/k",
        "restore/x",
        "keys/i/import",
        "derive-key/ec",
    ):
        ask(
            "POST",
            f"transit/{path}",
            {
                name: new(f"nonsense {name} at {path}")
                for name in ("plaintext", "ciphertext", "input", "signature", "backup", "context", "key")
            },
        )
        ask(
            "POST",
            f"transit/{path}",
            {
                "batch_input": [
                    {"plaintext": new(f"nonsense in a batch at {path}")},
                    new(f"text in a batch at {path}"),
                ]
            },
        )


def system(session: Session) -> None:
    ask, ok, new, known = session.ask, session.ok, session.canaries.new, session.canaries.known
    ask("POST", "sys/policies/acl/p", {"policy": f'path "{new("name in a broken policy")}'})
    ask("PUT", "sys/unseal", {"key": new("share that is none")}, token="")
    ask("PUT", "sys/generate-root-token/attempt", {"otp": new("otp that is none")})
    ask("POST", "sys/tools/random", {"bytes": new("number that is none")})
    known("random bytes", ok("POST", "sys/tools/random", {"bytes": 24})["data"]["random_bytes"])
    ask(
        "POST",
        "sys/audit/three",
        {
            "type": "socket",
            "options": {"address": new("address that is none"), "secret": new("unknown option")},
        },
    )
    ask("POST", "sys/mounts/x", {"type": "kv", "options": {"password": new("option of a mount")}})
    ask("POST", "sys/leases/renew", {"lease_id": "not/a/lease"})
    ask("POST", "sys/nope", {"password": new("field at no path")})
    ask("POST", "sys/rotate/root/update", {"key": new("share for a rekey"), "nonce": "x"})
    ask("GET", "sys/host-info")
    ask("GET", "sys/in-flight-req")
    ask("GET", "sys/config/state/sanitized")
    ask("GET", "sys/metrics?format=prometheus")


def test_cve_2024_8365_and_2025_4166_no_secret_of_any_engine_or_method_is_in_any_output(
    session: Session,
) -> None:
    watch = Watch(session.canaries)
    watch.start()
    for part in (key_value, tokens, methods, transit, system):
        part(session)
    assert session.process.call("GET", "sys/health")[0] == 200
    watch.stop()
    watch.look()
    searched = 0
    leaks = sorted(watch.leaks)
    for where, data in session.outputs():
        leaks += [f"{what} in {where}" for what in session.canaries.found_in(data)]
        searched += len(data)
    assert session.process.stop() == 0
    for where, data in session.outputs():
        leaks += [f"{what} in {where}, after the end" for what in session.canaries.found_in(data)]
    assert not leaks, "\n".join(leaks)
    assert len(session.canaries.values) > 90
    assert len(session.errors) > 70
    assert searched > 200_000
    assert watch.looks > 50
    assert "Traceback" not in session.process.said()


def test_the_search_would_find_a_secret_in_each_of_its_forms(session: Session) -> None:
    value = session.canaries.new("planted")
    for form in (
        value,
        b64(value),
        b64("a" + value),
        b64("ab" + value + "c"),
        value.encode().hex(),
        b64(b64(value)),
        value[::-1],
    ):
        assert session.canaries.found_in(f"xx{form}yy".encode()) == ["planted"], form
    assert session.canaries.found_in(secrets.token_hex(5000).encode()) == []
