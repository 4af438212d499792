"""What operators say to a server, word for word as to OpenBao; and what is closed to those without a token."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from doubles.server_process import Process
from wellkept.testing.openbao_fixture import require_openbao

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wellkept.testing.served import TestServer

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECRET = re.compile(
    r'"(?:[0-9a-f]{60,}|[A-Za-z0-9+/]{43,44}=?|[A-Za-z0-9+/]{35}|s\.\w{20,}|[A-Za-z0-9]{26})"'
)
_OTHER = re.compile(
    r'"(server_time_utc|version|commit_date|cluster_name|cluster_id|storage_type|encryptions|install_time'
    r'|replication_performance_mode|term)": ("[^"]*"|\d+)'
)

Call = "Callable[..., tuple[int, Any]]"


def script(call: Callable[..., tuple[int, Any]]) -> Iterator[str]:
    """A whole life: refused and made, sealed and opened, rekeyed and verified; each answer in a comparable form."""

    def say(method: str, path: str, body: Any = None, token: str = "") -> Any:
        status, answer = call(method, path, body, token)
        said.append(_shown(method, path, status, answer))
        return answer

    said: list[str] = []
    for path in ("sys/init", "sys/seal-status", "sys/health", "sys/leader", "secret/x", "sys/rekey/init"):
        say("GET", path)
    say("GET", "sys/health?uninitcode=299")
    say("GET", "sys/health?sealedcode=298&uninitcode=abc")
    for numbers in ((0, 0), (1, 2), (5, 1), (256, 3), (5, 0), (-1, 1), ("5", 3), (1.5, 1)):
        say("PUT", "sys/init", {"secret_shares": numbers[0], "secret_threshold": numbers[1]})
    made = say("PUT", "sys/init", {"secret_shares": 5, "secret_threshold": 3})
    keys, token = made["keys"], made["root_token"]
    say("PUT", "sys/init", {"secret_shares": 5, "secret_threshold": 3})
    for path in (
        "sys/init",
        "sys/seal-status",
        "sys/health",
        "sys/leader",
        "secret/x",
        "sys/generate-root/attempt",
    ):
        say("GET", path)
    say("PUT", "sys/seal", {})
    for body in (
        {}, {"key": ""}, {"key": "zz"}, {"key": "00"}, {"key": 5}, {"key": keys[0]}, {"key": keys[0]},
        {"key": made["keys_base64"][1]}, {"reset": True}, {"key": keys[0]}, {"key": keys[1]}, {"key": "00" * 33},
        {"key": keys[4]}, {"key": keys[1]}, {"key": keys[3]}, {"reset": True},
    ):  # fmt: skip
        say("PUT", "sys/unseal", body)
    wait_until_open(call)
    for path in ("sys/rekey/init", "sys/rekey/verify", "sys/generate-root/attempt"):
        say("GET", path)
    say("PUT", "sys/rekey/update", {"key": keys[0], "nonce": "x"})
    for numbers in ((0, 0), (3, 4), (3, 1)):
        say("PUT", "sys/rekey/init", {"secret_shares": numbers[0], "secret_threshold": numbers[1]})
    say("PUT", "sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2})
    say("PUT", "sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2})
    say("DELETE", "sys/rekey/init")
    begun = say(
        "PUT", "sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2, "require_verification": True}
    )
    nonce = begun["nonce"]
    say("PUT", "sys/rekey/update", {"key": keys[0]})
    for key in ("", "zz", keys[0], keys[0], keys[3]):
        say("PUT", "sys/rekey/update", {"key": key, "nonce": nonce})
    done = say("PUT", "sys/rekey/update", {"key": keys[4], "nonce": nonce})
    say("GET", "sys/rekey/init")
    verification = say("GET", "sys/rekey/verify")["nonce"]
    say("PUT", "sys/rekey/verify", {"key": done["keys"][0], "nonce": "bad"})
    say("PUT", "sys/rekey/verify", {"key": done["keys"][0], "nonce": verification})
    verification = say("DELETE", "sys/rekey/verify")["nonce"]
    for key in (keys[0], keys[1]):
        say("PUT", "sys/rekey/verify", {"key": key, "nonce": verification})
    verification = say("GET", "sys/rekey/verify")["nonce"]
    for key in done["keys"][1:]:
        say("PUT", "sys/rekey/verify", {"key": key, "nonce": verification})
    say("GET", "sys/rekey/init")
    say("GET", "sys/seal-status")
    keys = done["keys"]
    say("PUT", "sys/generate-root/update", {"key": keys[0], "nonce": "x"})
    say("PUT", "sys/generate-root/attempt", {"otp": "x"})
    nonce = say("PUT", "sys/generate-root/attempt", {})["nonce"]
    say("PUT", "sys/generate-root/attempt", {})
    say("GET", "sys/generate-root/attempt")
    say("PUT", "sys/generate-root/update", {"key": keys[0]})
    for key in (keys[0], keys[0], keys[1]):
        say("PUT", "sys/generate-root/update", {"key": key, "nonce": nonce})
    say("GET", "sys/generate-root/attempt")
    say("PUT", "sys/generate-root/attempt", {})
    say("DELETE", "sys/generate-root/attempt")
    for path in ("sys/rotate/root/init", "sys/rotate/root/verify", "sys/generate-root-token/attempt"):
        say("GET", path, token=token)
        say("GET", path)
    nonce = say("PUT", "sys/rotate/root/init", {"secret_shares": 3, "secret_threshold": 2}, token)["data"][
        "nonce"
    ]
    say("PUT", "sys/rotate/root/update", {"key": keys[0], "nonce": "bad"}, token)
    for key in (keys[0], keys[0]):
        say("PUT", "sys/rotate/root/update", {"key": key, "nonce": nonce}, token)
    say("DELETE", "sys/rotate/root/init", token=token)
    say("GET", "sys/rotate/root/init", token=token)
    nonce = say("PUT", "sys/generate-root-token/attempt", {}, token)["data"]["nonce"]
    say("PUT", "sys/generate-root-token/update", {"key": keys[0], "nonce": nonce}, token)
    say("DELETE", "sys/generate-root-token/attempt", token=token)
    say("PUT", "sys/seal", {})
    say("GET", "sys/seal")
    yield from said


def wait_until_open(call: Callable[..., tuple[int, Any]]) -> None:
    """OpenBao elects itself first."""
    import time

    end = time.monotonic() + 30
    while call("GET", "sys/health")[0] != 200:
        assert time.monotonic() < end
        time.sleep(0.05)


def _shown(method: str, path: str, status: int, answer: Any) -> str:
    text = json.dumps(answer, sort_keys=True)
    text = _OTHER.sub(r'"\1": X', _SECRET.sub('"SECRET"', _UUID.sub("UUID", text)))
    return f"{method} {path} -> {status} {text}"


@pytest.mark.slow
def test_every_step_is_answered_as_by_openbao(tmp_path: Path) -> None:
    require_openbao()
    from wellkept.testing.openbao import OpenBaoServer

    open_ = "tls_disable = true\ndisable_unauthed_rekey_endpoints = false\ndisable_unauthed_generate_root_endpoints = false"
    with Process(tmp_path, "workers = 2", listener=open_) as ours:
        mine = list(script(ours.call))

    class Uninitialised(OpenBaoServer):
        def _initialise(self) -> None:
            """Left to the script."""

        def _configure(self) -> None:
            super()._configure()
            import os

            path = os.path.join(self._directory, "config.json")
            with open(path) as file:
                config = json.load(file)
            for name in ("rekey", "generate_root"):
                config["listener"][0]["tcp"][f"disable_unauthed_{name}_endpoints"] = False
            with open(path, "w") as file:
                json.dump(config, file)

    with Uninitialised() as bao:
        theirs = list(script(lambda *words: Process.call(_At(bao.address), *words)))  # type: ignore[arg-type]
    differing = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
    known = ("sys/leader",)  # one node of a cluster, or a server that has none
    left = [
        (a, b)
        for a, b in differing
        # What is wrong with the request is the client's fault here, and 500 in OpenBao.
        if not any(path in a for path in known) and a.replace("-> 400", "-> 500") != b
    ]
    assert left == [], "\n".join(f"ours   {a}\ntheirs {b}" for a, b in left)


class _At:
    context = None

    def __init__(self, address: str) -> None:
        self.address = address


def refused(served: TestServer, method: str, path: str, token: str | None = None) -> int:
    from wellkept.testing.served import ServerError

    with pytest.raises(ServerError) as error:
        served.request(method, path, {} if method == "PUT" else None, token=token)
    return error.value.status


@pytest.mark.parametrize(
    "path",
    [
        "sys/rekey/init",
        "sys/rekey/update",
        "sys/rekey/verify",
        "sys/generate-root/attempt",
        "sys/generate-root/update",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_cve_2025_52894_nobody_without_a_token_begins_or_cancels_a_rekey(
    served: TestServer, path: str, method: str
) -> None:
    assert refused(served, method, path, token="") == 405
    assert refused(served, method, path) == 405


@pytest.mark.parametrize(
    "path",
    [
        "sys/rotate/root/init",
        "sys/rotate/root/update",
        "sys/generate-root-token/attempt",
        "sys/seal",
        "sys/step-down",
        "sys/rotate/root",
    ],
)
def test_the_authenticated_ways_want_sudo(served: TestServer, path: str) -> None:
    assert refused(served, "PUT", path, token="") == 403
    assert refused(served, "PUT", path, token="s.invented") == 403
    served.policy("nearly", **{"sys/*": ["create", "read", "update", "delete", "list"]})
    assert refused(served, "PUT", path, token=served.token("nearly")) == 403
    assert served.request("GET", "sys/seal-status")["sealed"] is False


def test_a_seal_is_recorded_and_leaves_no_service_behind(served: TestServer) -> None:
    import os

    served.seal()
    try:
        assert served.node.service is None
        assert refused(served, "GET", "secret/data/x") == 503
        assert served.request("PUT", "sys/seal", token="") is None
    finally:
        served.unseal()
    texts = []
    for directory, _, names in os.walk(served.node.settings.storage.path):
        texts += [open(os.path.join(directory, name), "rb").read() for name in names if "audit" in name]
    assert b'"sys/seal"' in b"".join(texts)
    assert served.root_token.encode() not in b"".join(texts) or served.root_token == "root"
