"""The engines through their clients as they are: hvac, and the real ``bao``."""

from __future__ import annotations

import base64
import json
import os
import subprocess

import pytest

from wellkept.errors import ConfigError
from wellkept.testing.openbao import program

hvac = pytest.importorskip("hvac", reason="pip install hvac")

HELLO = base64.b64encode(b"hello").decode()


@pytest.fixture(scope="module")
def client(ours):
    return hvac.Client(url=ours.address, token=ours.root_token)


@pytest.fixture
def bao(ours, tmp_path):
    try:
        path = program()
    except ConfigError as missing:
        pytest.skip(str(missing))

    def run(*words, fails=False):
        environment = {
            "BAO_ADDR": ours.address,
            "BAO_TOKEN": ours.root_token,
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
        }
        done = subprocess.run([path, *words], env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == fails, done.stderr + done.stdout
        return done.stderr if fails else done.stdout

    return run


def test_hvac_and_kv_2(client):
    kv = client.secrets.kv.v2
    for number in range(3):
        kv.create_or_update_secret("hvac/a", {"n": number})
    assert kv.read_secret_version("hvac/a", raise_on_deleted_version=True)["data"]["data"] == {"n": 2}
    assert kv.read_secret_version("hvac/a", version=1, raise_on_deleted_version=True)["data"]["data"] == {
        "n": 0
    }
    kv.patch("hvac/a", {"m": 1})
    assert kv.read_secret_version("hvac/a", raise_on_deleted_version=True)["data"]["data"] == {"n": 2, "m": 1}
    with pytest.raises(hvac.exceptions.InvalidRequest, match="check-and-set parameter did not match"):
        kv.create_or_update_secret("hvac/a", {}, cas=1)
    kv.delete_latest_version_of_secret("hvac/a")
    gone = kv.read_secret_version("hvac/a", raise_on_deleted_version=False)
    assert gone["data"]["data"] is None
    assert gone["data"]["metadata"]["deletion_time"]
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret_version("hvac/a", raise_on_deleted_version=True)
    kv.undelete_secret_versions("hvac/a", [4])
    kv.destroy_secret_versions("hvac/a", [1])
    metadata = kv.read_secret_metadata("hvac/a")["data"]
    assert metadata["versions"]["1"]["destroyed"] is True
    assert metadata["current_version"] == 4
    kv.update_metadata("hvac/a", max_versions=2, custom_metadata={"owner": "x"})
    assert kv.read_secret_metadata("hvac/a")["data"]["custom_metadata"] == {"owner": "x"}
    assert kv.list_secrets("hvac")["data"]["keys"] == ["a"]
    assert "keys" in kv.list_secrets("")["data"]
    kv.configure(max_versions=20, mount_point="secret")
    assert kv.read_configuration()["data"]["max_versions"] == 20
    kv.configure(max_versions=0, mount_point="secret")
    kv.delete_metadata_and_all_versions("hvac/a")
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret_metadata("hvac/a")


def test_hvac_and_kv_1_and_the_cubbyhole(client):
    client.sys.enable_secrets_engine("kv", path="hvac1", options={"version": "1"})
    kv = client.secrets.kv.v1
    kv.create_or_update_secret("a/b", {"x": 1, "ttl": "1h"}, mount_point="hvac1")
    answer = kv.read_secret("a/b", mount_point="hvac1")
    assert (answer["data"]["x"], answer["lease_duration"]) == (1, 3600)
    assert kv.list_secrets("a", mount_point="hvac1")["data"]["keys"] == ["b"]
    kv.delete_secret("a/b", mount_point="hvac1")
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret("a/b", mount_point="hvac1")
    client.write_data("cubbyhole/mine", data={"x": 1})
    assert client.read("cubbyhole/mine")["data"] == {"x": 1}
    other = hvac.Client(
        url=client.url, token=client.auth.token.create(policies=["default"])["auth"]["client_token"]
    )
    assert other.read("cubbyhole/mine") is None
    other.write_data("cubbyhole/own", data={"y": 1})
    assert other.list("cubbyhole/")["data"]["keys"] == ["own"]
    other.auth.token.revoke_self()
    client.sys.disable_secrets_engine("hvac1")


def test_nothing_is_left_of_the_cubbyhole_of_a_token_that_ends(ours, client):
    from wellkept.core.revocation import CUBBYHOLES

    made = client.auth.token.create(policies=["default"])["auth"]["client_token"]
    before = _folders(ours, CUBBYHOLES)
    hvac.Client(url=client.url, token=made).write_data("cubbyhole/a/b", data={"y": 1})
    assert _folders(ours, CUBBYHOLES) == before + 1
    client.auth.token.revoke(made)
    assert _folders(ours, CUBBYHOLES) == before


def _folders(server, prefix):
    with server.node.service as running:
        return len(getattr(running, "service", running).storage.list(prefix))


def test_hvac_and_transit(client):
    client.sys.enable_secrets_engine("transit", path="hvact")
    transit, mount = client.secrets.transit, {"mount_point": "hvact"}
    transit.create_key("a", exportable=True, **mount)
    sealed = transit.encrypt_data("a", plaintext=HELLO, **mount)["data"]["ciphertext"]
    assert transit.decrypt_data("a", ciphertext=sealed, **mount)["data"]["plaintext"] == HELLO
    transit.rotate_key("a", **mount)
    assert transit.rewrap_data("a", ciphertext=sealed, **mount)["data"]["ciphertext"].startswith("vault:v2:")
    batch = transit.encrypt_data("a", batch_input=[{"plaintext": HELLO}] * 3, **mount)["data"][
        "batch_results"
    ]
    assert len(batch) == 3
    assert set(transit.export_key("a", key_type="encryption-key", **mount)["data"]["keys"]) == {"1", "2"}
    assert transit.generate_data_key("a", key_type="plaintext", **mount)["data"]["plaintext"]
    transit.update_key_configuration("a", min_decryption_version=2, deletion_allowed=True, **mount)
    with pytest.raises(hvac.exceptions.InvalidRequest, match="too old"):
        transit.decrypt_data("a", ciphertext=sealed, **mount)
    transit.create_key("s", key_type="ecdsa-p256", **mount)
    signature = transit.sign_data("s", hash_input=HELLO, hash_algorithm="sha2-512", **mount)["data"][
        "signature"
    ]
    checked = transit.verify_signed_data(
        "s", hash_input=HELLO, signature=signature, hash_algorithm="sha2-512", **mount
    )
    assert checked["data"]["valid"] is True
    mac = transit.generate_hmac("a", hash_input=HELLO, **mount)["data"]["hmac"]
    assert transit.verify_signed_data("a", hash_input=HELLO, hmac=mac, **mount)["data"]["valid"] is True
    assert transit.hash_data(HELLO, **mount)["data"]["sum"]
    assert transit.generate_random_bytes(n_bytes=8, **mount)["data"]["random_bytes"]
    assert transit.list_keys(**mount)["data"]["keys"] == ["a", "s"]
    transit.delete_key("a", **mount)
    client.sys.disable_secrets_engine("hvact")


def test_bao_and_kv(bao):
    bao("kv", "put", "-mount=secret", "cli/a", "x=1", "y=2")
    bao("kv", "patch", "-mount=secret", "cli/a", "y=3")
    assert json.loads(bao("kv", "get", "-format=json", "-mount=secret", "cli/a"))["data"]["data"] == {
        "x": "1",
        "y": "3",
    }
    assert bao("kv", "get", "-mount=secret", "-field=y", "-version=1", "cli/a").strip() == "2"
    bao("kv", "rollback", "-mount=secret", "-version=1", "cli/a")
    assert bao("kv", "get", "-mount=secret", "-field=y", "cli/a").strip() == "2"
    bao("kv", "delete", "-mount=secret", "cli/a")
    assert "deletion_time" in bao("kv", "get", "-mount=secret", "cli/a")
    bao("kv", "undelete", "-mount=secret", "-versions=3", "cli/a")
    bao("kv", "destroy", "-mount=secret", "-versions=1", "cli/a")
    bao("kv", "metadata", "put", "-mount=secret", "-max-versions=5", "-custom-metadata=owner=me", "cli/a")
    bao("kv", "metadata", "patch", "-mount=secret", "-custom-metadata=team=us", "cli/a")
    shown = json.loads(bao("kv", "metadata", "get", "-format=json", "-mount=secret", "cli/a"))["data"]
    assert shown["custom_metadata"] == {"owner": "me", "team": "us"}
    assert shown["versions"]["1"]["destroyed"] is True
    assert json.loads(bao("kv", "list", "-format=json", "-mount=secret", "cli")) == ["a"]
    assert "No value found" in bao("kv", "get", "-mount=secret", "cli/none", fails=True)
    bao("kv", "metadata", "delete", "-mount=secret", "cli/a")
    bao("secrets", "enable", "-path=clikv", "-version=1", "kv")
    bao("kv", "put", "clikv/a", "x=1")
    bao("kv", "enable-versioning", "clikv")
    assert json.loads(bao("kv", "get", "-format=json", "clikv/a"))["data"]["data"] == {"x": "1"}
    bao("write", "cubbyhole/a", "x=1")
    assert bao("read", "-field=x", "cubbyhole/a").strip() == "1"


def test_bao_and_transit(bao):
    bao("secrets", "enable", "-path=clit", "transit")
    bao("write", "-f", "clit/keys/a")
    sealed = bao("write", "-field=ciphertext", "clit/encrypt/a", f"plaintext={HELLO}").strip()
    assert bao("write", "-field=plaintext", "clit/decrypt/a", f"ciphertext={sealed}").strip() == HELLO
    bao("write", "-f", "clit/keys/a/rotate")
    bao("transit", "import", "clit/keys/imported", base64.b64encode(bytes(32)).decode())
    assert json.loads(bao("read", "-format=json", "clit/keys/imported"))["data"]["imported_key"] is True
    assert json.loads(bao("list", "-format=json", "clit/keys")) == ["a", "imported"]
