"""A path has one meaning, and every check is made on that one. Targets are sent as they stand here, byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from doubles.raw_http import Wire
    from wellkept.testing.served import TestServer

VALUE = "behind-the-deny"
SPELLINGS = (
    "secret/data/{0}/key/", "secret/data/{0}/key//", "secret/data/{0}//key", "secret//data/{0}/key", "/secret/data/{0}/key",
    "secret/data/{0}/./key", "secret/data/./{0}/key", "secret/data/x/../{0}/key", "secret/data/{0}/x/../key",
    "secret/data/{0}%2fkey", "secret/data/{0}%2Fkey", "secret%2fdata%2f{0}%2fkey", "secret/data/{0}/%2e/key",
    "secret/data/{0}/x/%2e%2e/key", "secret/data/{0}/x/%2e./key", "secret/data/{0}/x/..%2fkey", "secret/data/{0}%2f%2fkey",
    "secret/data/{0}/%6bey", "secret/data/{0}/ke%79", "secret/data/{0}%00/key", "secret/data/{0}/key%00", "secret/data/{0}/key%00.txt",
    "secret/data/{0}/key%20", "secret/data/{0}/key%09", "secret/data/{0}/key%0a", "secret/data/{0}/key%0d", "secret/data/{0}/key.",
    "secret/data/{0}/key;x=1", "secret/data/{0};/key", "secret/data/{0}/key#x", "secret/data/{0}/key%23", "secret/data/{0}/key%3fx",
    "secret/data/{0}\\key", "secret\\data\\{0}\\key", "secret/data/{0}%5ckey", "secret/data/{0}%5c..%5ckey",
    "secret/data/{0}%c0%afkey", "secret/data/{0}%e0%80%afkey", "secret/data/x/%c0%ae%c0%ae/{0}/key", "secret/data/{0}/%c1%abey",
    "secret/data/{0}%252fkey", "secret/data/{0}/x/%252e%252e/key", "secret/data/{0}%u002fkey", "secret/data/{0}/key%",
    "secret/data/{0}%ef%bc%8fkey", "secret/data/{0}%e2%88%95key", "secret/data/{0}/%ef%bd%8bey", "secret/data/{0}/key%e2%80%8b",
    "secret/data/{0}/k%65%cc%81y", "SECRET/data/{0}/key", "Secret/data/{0}/key", "secret/DATA/{0}/key", "secret/Data/{0}/key",
    "secret/data/{1}/key", "secret/data/{0}/KEY", "secret/data/{0}/%4bey", "secret/data/{0}/key?version=1", "secret/data/{0}/key?help=1",
    "secret/data/{0}/key?list=false", "secret/subkeys/{0}/key", "secret/metadata/{0}/key", "secret/data/{0}/key/?list=true",
)  # fmt: skip


@pytest.fixture
def outsider(served: TestServer, name: str) -> str:
    """A token that may do everything but what is below ``secret/data/NAME/`` and below ``sys/``, where it may nothing."""
    served.write(f"{name}/key", {"value": VALUE})
    everything = ["create", "read", "update", "delete", "list", "patch"]
    served.policy(
        name,
        **{
            "*": everything,
            f"secret/+/{name}/*": ["deny"],
            f"secret/+/{name}": ["deny"],
            "sys/*": ["deny"],
        },
    )
    return served.token(name, no_default_policy=True)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "LIST", "PATCH", "PUT", "HEAD"])
def test_cve_2026_3605_and_63131_no_spelling_of_a_denied_path_gets_past_the_denial(
    served: TestServer, wire: Wire, outsider: str, name: str, method: str
) -> None:
    """Whatever a spelling means, it is either refused, or another path than the one denied: the secret is neither
    shown nor changed, and where a redirection leads is denied."""
    body = {"data": {"value": "overwritten"}} if method in ("POST", "PUT", "PATCH") else None
    headers = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else None
    for spelling in SPELLINGS:
        for target in (
            f"/v1/{spelling}",
            f"/V1/{spelling}",
            f"//v1/{spelling}",
            f"/v1//{spelling}",
            f"/v1/./{spelling}",
        ):
            reply = wire.ask(method, target.format(name, name.upper()), body, token=outsider, headers=headers)
            for _ in range(2):
                if reply.status not in (301, 307, 308):
                    break
                assert "//" not in reply.headers["location"], target
                reply = wire.ask(method, reply.headers["location"], body, token=outsider, headers=headers)
            assert VALUE.encode() not in reply.body, target
            assert reply.status < 500, target
    kept = served.request("GET", f"secret/data/{name}/key")["data"]
    assert kept["data"] == {"value": VALUE}
    assert kept["metadata"]["version"] == 1


@pytest.mark.parametrize(
    "path",
    [
        "sys/mounts/", "sys/mounts//", "sys//mounts", "sys/./mounts", "sys/x/../mounts", "SYS/mounts", "sys/MOUNTS", "sys%2fmounts",
        "sys/%6dounts", "sys/mounts%2f", "sys/mounts%20", "sys/policies/acl/", "sys/policies//acl", "sys/internal/../mounts",
        "sys/wrapping/lookup/../../mounts", "sys/wrapping/lookup%2f..%2f..%2fmounts", "sys/health/../mounts", "sys/seal-status/../auth",
        "sys/internal/ui/mounts/../../../mounts", "sys/internal/ui/mounts/%2e%2e/%2e%2e/%2e%2e/mounts", "auth/token/lookup-self/",
        "auth/token//lookup-self", "auth/x/login/../../token/accessors", "auth/userpass/login/%2e%2e/%2e%2e/token/accessors",
        "sys/unseal/../mounts", "sys/init/../mounts", "sys/health/", "sys/health//../mounts", "sys/leader/x", "sys/seal-status/x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "LIST", "POST", "DELETE"])
def test_cve_2026_3605_no_spelling_borrows_a_path_that_needs_no_token(
    wire: Wire, path: str, method: str
) -> None:
    reply = wire.ask(method, f"/v1/{path}", {} if method == "POST" else None)
    for _ in range(2):
        if reply.status == 307:
            reply = wire.ask(method, reply.headers["location"], {} if method == "POST" else None)
    assert reply.status in (400, 403, 404, 405), reply
    assert set(reply.json) == {"errors"}


@pytest.mark.parametrize("slash", ["/", "//", "/.", "/./", "%2f", "%2F%2f"])
def test_cve_2026_63131_a_trailing_slash_neither_loosens_nor_evades_a_policy(
    served: TestServer, wire: Wire, name: str, slash: str
) -> None:
    """Granted is ``list`` below one folder; nothing with or without a slash at its end gives more."""
    served.write(f"{name}/a", {"value": VALUE})
    served.policy(
        name, **{f"secret/metadata/{name}/": ["list"], f"secret/data/{name}/": ["create", "update"]}
    )
    token = served.token(name, no_default_policy=True)
    for method in ("GET", "DELETE", "POST"):
        for path in (
            f"secret/metadata/{name}",
            f"secret/data/{name}",
            f"secret/data/{name}/a",
            f"secret/metadata/{name}/a",
        ):
            body = {"data": {}} if method == "POST" else None
            reply = wire.ask(method, f"/v1/{path}{slash}", body, token=token)
            if reply.status == 307:
                reply = wire.ask(method, reply.headers["location"], body, token=token)
            assert reply.status in (400, 403, 404), (method, path, reply)
            assert VALUE.encode() not in reply.body
    assert wire.ask("LIST", f"/v1/secret/metadata/{name}/", token=token).json["data"]["keys"] == ["a"]
    assert served.request("GET", f"secret/data/{name}/a")["data"]["metadata"]["version"] == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://x/v1/secret/data/{0}/key", "http://127.0.0.1/v1/sys/../secret/data/{0}/key", "https://x@y/v1/secret/data/{0}/key", "*",
        "x:80", "v1/secret/data/{0}/key", "?/v1/secret/data/{0}/key", "#/v1/secret/data/{0}/key", "///x/../v1/secret/data/{0}/key",
        "file:///v1/secret/data/{0}/key", "/v1", "/", "", "/v1/", "/v1/%", "/v1/\x7f", "/v1/\x80",
    ],
)  # fmt: skip
def test_cve_2026_3605_a_target_in_another_form_means_nothing_else(
    served: TestServer, wire: Wire, outsider: str, name: str, target: str
) -> None:
    raw = target.format(name).encode("latin-1")
    for method in ("GET", "DELETE", "OPTIONS", "CONNECT"):
        reply = wire.ask(method, raw, token=outsider)
        assert reply.status in (0, 301, 307, 400, 403, 404, 405), (method, reply)
        assert VALUE.encode() not in reply.body
    assert served.request("GET", f"secret/data/{name}/key")["data"]["metadata"]["deletion_time"] == ""


def test_cve_2026_63131_a_redirection_stays_on_this_server(wire: Wire) -> None:
    for target in (
        "//evil.example/x",
        "/v1//evil.example",
        "/%5cevil.example//x",
        "/\\evil.example//x",
        "////evil.example/",
        "/.//evil.example",
    ):
        reply = wire.ask("GET", target)
        location = reply.headers.get("location", "/")
        assert location.startswith("/"), (target, location)
        assert location[1:2] not in ("/", "\\"), (target, location)


@pytest.mark.parametrize("spelt", ["Secret", "SECRET", "sEcret"])
def test_mounts_policies_and_paths_of_another_case_are_others(
    served: TestServer, wire: Wire, name: str, spelt: str
) -> None:
    served.write(name, {"value": VALUE})
    served.policy(name, **{f"secret/data/{name}": ["read"]})
    token = served.token(name)
    assert wire.ask("GET", f"/v1/secret/data/{name}", token=token).status == 200
    for path in (f"{spelt}/data/{name}", f"secret/data/{name.upper()}", f"secret/Data/{name}"):
        assert wire.ask("GET", f"/v1/{path}", token=token).status == 403


@pytest.mark.parametrize(
    "mount",
    [
        "sys",
        "sys/x",
        "auth",
        "auth/x",
        "secret",
        "secret/data",
        "cubbyhole/x",
        "../x",
        "x/../sys",
        "a//b",
        "identity/y",
        "sys/../z",
    ],
)
def test_cve_2026_45808_no_mount_hides_or_doubles_another(served: TestServer, wire: Wire, mount: str) -> None:
    before = served.request("GET", "sys/mounts")["data"]
    for path in (f"sys/mounts/{mount}", f"sys/mounts/{mount}/", f"sys/mounts/{mount.replace('/', '%2f')}"):
        reply = wire.ask("POST", f"/v1/{path}", {"type": "kv"}, token=served.root_token)
        if reply.status == 307:
            reply = wire.ask("POST", reply.headers["location"], {"type": "kv"}, token=served.root_token)
        if reply.status == 204:  # it meant a harmless place
            made = set(served.request("GET", "sys/mounts")["data"]) - set(before)
            assert made <= {"x/", "z/", "a/b/"}, made
            for each in made:
                served.request("DELETE", f"sys/mounts/{each[:-1]}")
    assert served.request("GET", "sys/mounts")["data"] == before
