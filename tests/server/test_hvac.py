"""hvac, unmodified: every engine, method and system call that it has and we serve, against a server of ours."""

from __future__ import annotations

import base64
import itertools

import pytest

import wellkept.testing

hvac = pytest.importorskip("hvac")
from hvac import exceptions  # noqa: E402

_numbers = itertools.count()


@pytest.fixture(scope="module")
def running():
    with wellkept.testing.server() as server:
        yield server


@pytest.fixture
def client(running):
    return hvac.Client(url=running.address, token=running.root_token)


@pytest.fixture
def mount():
    return f"h{next(_numbers)}"


def b64(text):
    return base64.b64encode(text.encode()).decode()


def test_kv_version_2(client, mount):
    client.sys.enable_secrets_engine("kv", path=mount, options={"version": "2"})
    kv = client.secrets.kv.v2
    kv.configure(max_versions=7, cas_required=False, mount_point=mount)
    assert kv.read_configuration(mount_point=mount)["data"]["max_versions"] == 7
    for number in range(3):
        kv.create_or_update_secret("a/b", {"n": number, "k": "v"}, cas=number, mount_point=mount)
    with pytest.raises(exceptions.InvalidRequest, match="check-and-set"):
        kv.create_or_update_secret("a/b", {"n": 9}, cas=1, mount_point=mount)
    kv.patch("a/b", {"n": 3}, mount_point=mount)
    assert kv.read_secret("a/b", mount_point=mount)["data"]["data"] == {"n": 3, "k": "v"}
    assert kv.read_secret_version("a/b", version=1, mount_point=mount)["data"]["data"]["n"] == 0
    kv.update_metadata(
        "a/b",
        max_versions=5,
        cas_required=False,
        delete_version_after="2h",
        custom_metadata={"o": "x"},
        mount_point=mount,
    )
    metadata = kv.read_secret_metadata("a/b", mount_point=mount)["data"]
    assert (metadata["current_version"], metadata["custom_metadata"], metadata["delete_version_after"]) == (
        4,
        {"o": "x"},
        "2h0m0s",
    )
    assert kv.list_secrets("a", mount_point=mount)["data"]["keys"] == ["b"]
    kv.delete_secret_versions("a/b", [2], mount_point=mount)
    with pytest.raises(exceptions.InvalidPath):
        kv.read_secret_version("a/b", version=2, mount_point=mount, raise_on_deleted_version=True)
    assert (
        kv.read_secret_version("a/b", version=2, mount_point=mount, raise_on_deleted_version=False)["data"][
            "data"
        ]
        is None
    )
    kv.undelete_secret_versions("a/b", [2], mount_point=mount)
    kv.destroy_secret_versions("a/b", [1], mount_point=mount)
    assert kv.read_secret_metadata("a/b", mount_point=mount)["data"]["versions"]["1"]["destroyed"]
    kv.delete_latest_version_of_secret("a/b", mount_point=mount)
    kv.delete_metadata_and_all_versions("a/b", mount_point=mount)
    with pytest.raises(exceptions.InvalidPath):
        kv.read_secret_metadata("a/b", mount_point=mount)


def test_kv_version_1_and_cubbyhole(client, mount):
    client.sys.enable_secrets_engine("kv", path=mount, options={"version": "1"})
    kv = client.secrets.kv.v1
    kv.create_or_update_secret("x/y", {"a": "b"}, mount_point=mount)
    assert kv.read_secret("x/y", mount_point=mount)["data"] == {"a": "b"}
    assert kv.list_secrets("x", mount_point=mount)["data"]["keys"] == ["y"]
    kv.delete_secret("x/y", mount_point=mount)
    with pytest.raises(exceptions.InvalidPath):
        kv.read_secret("x/y", mount_point=mount)
    client.write_data("cubbyhole/mine", data={"a": "1"})
    assert client.read("cubbyhole/mine")["data"] == {"a": "1"}
    assert client.list("cubbyhole")["data"]["keys"] == ["mine"]
    client.delete("cubbyhole/mine")
    assert client.read("cubbyhole/mine") is None


@pytest.mark.parametrize("kind", ["aes256-gcm96", "chacha20-poly1305", "rsa-2048"])
def test_transit_encrypts(client, mount, kind):
    client.sys.enable_secrets_engine("transit", path=mount)
    transit = client.secrets.transit
    transit.create_key("k", key_type=kind, exportable=True, allow_plaintext_backup=True, mount_point=mount)
    cipher = transit.encrypt_data("k", plaintext=b64("hello"), mount_point=mount)["data"]["ciphertext"]
    transit.rotate_key("k", mount_point=mount)
    newer = transit.rewrap_data("k", ciphertext=cipher, mount_point=mount)["data"]["ciphertext"]
    assert newer.startswith("vault:v2:")
    for text in (cipher, newer):
        assert transit.decrypt_data("k", ciphertext=text, mount_point=mount)["data"]["plaintext"] == b64(
            "hello"
        )
    batch = transit.encrypt_data(
        "k", batch_input=[{"plaintext": b64("a")}, {"plaintext": b64("b")}], mount_point=mount
    )
    texts = [{"ciphertext": each["ciphertext"]} for each in batch["data"]["batch_results"]]
    found = transit.decrypt_data("k", ciphertext="", batch_input=texts, mount_point=mount)["data"][
        "batch_results"
    ]
    assert [each["plaintext"] for each in found] == [b64("a"), b64("b")]
    transit.update_key_configuration("k", min_decryption_version=2, deletion_allowed=True, mount_point=mount)
    with pytest.raises(exceptions.InvalidRequest):
        transit.decrypt_data("k", ciphertext=cipher, mount_point=mount)
    assert set(transit.export_key("k", key_type="encryption-key", mount_point=mount)["data"]["keys"]) == {"2"}
    backup = transit.backup_key("k", mount_point=mount)["data"]["backup"]
    transit.restore_key(backup, name="copy", mount_point=mount)
    assert transit.decrypt_data("copy", ciphertext=newer, mount_point=mount)["data"]["plaintext"] == b64(
        "hello"
    )
    assert sorted(transit.list_keys(mount_point=mount)["data"]["keys"]) == ["copy", "k"]
    assert transit.generate_data_key("k", key_type="plaintext", mount_point=mount)["data"]["plaintext"]
    transit.delete_key("k", mount_point=mount)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048"])
def test_transit_signs(client, mount, kind):
    client.sys.enable_secrets_engine("transit", path=mount)
    transit = client.secrets.transit
    transit.create_key("s", key_type=kind, mount_point=mount)
    signature = transit.sign_data("s", hash_input=b64("hello"), mount_point=mount)["data"]["signature"]
    assert transit.verify_signed_data("s", hash_input=b64("hello"), signature=signature, mount_point=mount)[
        "data"
    ]["valid"]
    assert not transit.verify_signed_data(
        "s", hash_input=b64("other"), signature=signature, mount_point=mount
    )["data"]["valid"]


def test_transit_digests_and_randomness(client, mount):
    client.sys.enable_secrets_engine("transit", path=mount)
    transit = client.secrets.transit
    transit.create_key("k", mount_point=mount)
    mac = transit.generate_hmac("k", b64("hello"), algorithm="sha2-256", mount_point=mount)["data"]["hmac"]
    assert transit.verify_signed_data("k", hash_input=b64("hello"), hmac=mac, mount_point=mount)["data"][
        "valid"
    ]
    assert transit.hash_data(b64("hello"), algorithm="sha2-256", output_format="hex", mount_point=mount)[
        "data"
    ]["sum"].startswith("2cf24dba")
    assert (
        len(base64.b64decode(transit.generate_random_bytes(20, mount_point=mount)["data"]["random_bytes"]))
        == 20
    )
    transit.create_key("d", convergent_encryption=True, derived=True, mount_point=mount)
    one, two = (
        transit.encrypt_data("d", plaintext=b64("x"), context=b64("c"), mount_point=mount)["data"][
            "ciphertext"
        ]
        for _ in range(2)
    )
    assert one == two


def test_tokens(client, running):
    token = client.auth.token
    made = token.create(
        policies=["default"], ttl="1h", meta={"a": "b"}, display_name="me", num_uses=0, renewable=True
    )["auth"]
    mine = hvac.Client(url=running.address, token=made["client_token"])
    assert mine.is_authenticated()
    assert mine.auth.token.lookup_self()["data"]["meta"] == {"a": "b"}
    assert token.lookup(made["client_token"])["data"]["display_name"] == "token-me"
    assert token.lookup_accessor(made["accessor"])["data"]["policies"] == ["default"]
    assert token.renew(made["client_token"], increment="30m")["auth"]["lease_duration"] == 1800
    assert mine.auth.token.renew_self(increment="20m")["auth"]["lease_duration"] == 1200
    assert made["accessor"] in token.list_accessors()["data"]["keys"]
    child = mine.auth.token.lookup_self()["data"]["accessor"]
    token.revoke_accessor(child)
    assert not mine.is_authenticated()
    orphan = token.create_orphan(policies=["default"], ttl="5m")["auth"]
    assert token.lookup(orphan["client_token"])["data"]["orphan"]
    token.create_or_update_role(
        "ci", allowed_policies=["default"], orphan=True, renewable=False, token_period="10m"
    )
    assert token.read_role("ci")["data"]["orphan"]
    assert token.list_roles()["data"]["keys"] == ["ci"]
    by_role = token.create(role_name="ci")["auth"]
    assert (by_role["lease_duration"], by_role["renewable"]) == (600, False)
    token.revoke(by_role["client_token"])
    token.delete_role("ci")
    parent = token.create(policies=["root"], ttl="1h")["auth"]["client_token"]
    below = hvac.Client(url=running.address, token=parent).auth.token.create(ttl="30m", policies=["default"])[
        "auth"
    ]["client_token"]
    token.revoke_and_orphan_children(parent)
    assert token.lookup(below)["data"]["orphan"]
    token.tidy()
    hvac.Client(url=running.address, token=below).auth.token.revoke_self()


def test_approle(client, running, mount):
    client.sys.enable_auth_method("approle", path=mount)
    approle = client.auth.approle
    approle.create_or_update_approle(
        "r",
        token_policies=["default"],
        token_ttl="20m",
        secret_id_num_uses=2,
        bind_secret_id=True,
        mount_point=mount,
    )
    assert approle.list_roles(mount_point=mount)["data"]["keys"] == ["r"]
    assert approle.read_role("r", mount_point=mount)["data"]["token_ttl"] == 1200
    approle.update_role_id("r", "my-role", mount_point=mount)
    assert approle.read_role_id("r", mount_point=mount)["data"]["role_id"] == "my-role"
    made = approle.generate_secret_id("r", metadata={"host": "x"}, mount_point=mount)["data"]
    assert approle.read_secret_id("r", made["secret_id"], mount_point=mount)["data"]["metadata"] == {
        "host": "x"
    }
    assert (
        approle.read_secret_id_accessor("r", made["secret_id_accessor"], mount_point=mount)["data"][
            "secret_id_num_uses"
        ]
        == 2
    )
    assert approle.list_secret_id_accessors("r", mount_point=mount)["data"]["keys"] == [
        made["secret_id_accessor"]
    ]
    auth = hvac.Client(url=running.address).auth.approle.login(
        "my-role", made["secret_id"], mount_point=mount
    )["auth"]
    assert (auth["metadata"], auth["lease_duration"]) == ({"host": "x", "role_name": "r"}, 1200)
    approle.create_custom_secret_id("r", "own", mount_point=mount)
    approle.destroy_secret_id("r", "own", mount_point=mount)
    approle.destroy_secret_id_accessor("r", made["secret_id_accessor"], mount_point=mount)
    with pytest.raises(exceptions.InvalidRequest, match="invalid role or secret ID"):
        hvac.Client(url=running.address).auth.approle.login("my-role", made["secret_id"], mount_point=mount)
    wrapped = approle.generate_secret_id("r", wrap_ttl="2m", mount_point=mount)["wrap_info"]
    assert hvac.Client(url=running.address, token=wrapped["token"]).sys.unwrap()["data"]["secret_id"]
    approle.delete_role("r", mount_point=mount)


def test_userpass(client, running, mount):
    client.sys.enable_auth_method("userpass", path=mount)
    userpass = client.auth.userpass
    userpass.create_or_update_user("ann", password="one", policies="default", mount_point=mount)
    assert userpass.list_user(mount_point=mount)["data"]["keys"] == ["ann"]
    assert userpass.read_user("ann", mount_point=mount)["data"]["policies"] == ["default"]
    userpass.update_password_on_user("ann", "two", mount_point=mount)
    session = hvac.Client(url=running.address)
    session.auth.userpass.login("ann", "two", mount_point=mount)
    assert session.is_authenticated()
    userpass.delete_user("ann", mount_point=mount)


def test_mounts_policies_and_audit(client, mount, tmp_path):
    client.sys.enable_secrets_engine("kv", path=mount, description="d", config={"max_lease_ttl": "3h"})
    assert client.sys.list_mounted_secrets_engines()["data"][f"{mount}/"]["description"] == "d"
    client.sys.tune_mount_configuration(mount, default_lease_ttl="1h", description="e")
    assert client.sys.read_mount_configuration(mount)["data"]["default_lease_ttl"] == 3600
    client.sys.move_backend(mount, f"{mount}-moved")
    client.sys.disable_secrets_engine(f"{mount}-moved")
    client.sys.enable_auth_method("approle", path=mount)
    client.sys.tune_auth_method(mount, default_lease_ttl="2h")
    assert client.sys.read_auth_method_tuning(mount)["data"]["default_lease_ttl"] == 7200
    assert f"{mount}/" in client.sys.list_auth_methods()["data"]
    client.sys.disable_auth_method(mount)
    text = 'path "x" { capabilities = ["read"] }'
    client.sys.create_or_update_policy(mount, text)
    client.sys.create_or_update_acl_policy(f"{mount}-2", text)
    assert client.sys.read_policy(mount)["data"]["rules"] == text
    assert client.sys.read_acl_policy(f"{mount}-2")["data"]["policy"] == text
    assert {mount, f"{mount}-2"} <= set(client.sys.list_policies()["data"]["policies"])
    assert mount in client.sys.list_acl_policies()["data"]["keys"]
    client.sys.delete_policy(mount)
    client.sys.delete_acl_policy(f"{mount}-2")
    client.sys.enable_audit_device("file", path=mount, options={"file_path": str(tmp_path / "audit.log")})
    assert f"{mount}/" in client.sys.list_enabled_audit_devices()["data"]
    assert client.sys.calculate_hash(mount, "hello")["data"]["hash"].startswith("hmac-sha256:")
    client.sys.disable_audit_device(mount)


def test_system_state(client):
    assert client.sys.is_initialized()
    assert not client.sys.is_sealed()
    assert client.sys.read_seal_status()["t"] == 1
    assert client.sys.read_health_status(method="GET")["sealed"] is False
    assert client.sys.read_leader_status()["ha_enabled"] is False
    assert client.sys.read_init_status()["initialized"]
    assert client.sys.get_encryption_key_status()["data"]["term"] >= 1
    client.sys.rotate_encryption_key()
    assert client.sys.get_capabilities(["sys/mounts"])["data"]["capabilities"] == ["root"]


def test_wrapping_leases_and_quotas(client, running, mount):
    token = client.sys.wrap(payload={"a": "b"}, ttl=60)["wrap_info"]["token"]
    assert client.sys.unwrap(token)["data"] == {"a": "b"}
    with pytest.raises(exceptions.VaultError):
        client.sys.unwrap(token)
    client.sys.enable_auth_method("userpass", path=mount)
    client.auth.userpass.create_or_update_user("ann", password="one", mount_point=mount)
    hvac.Client(url=running.address).auth.userpass.login("ann", "one", mount_point=mount)
    assert client.sys.list_leases(f"auth/{mount}/login")["data"]["keys"] == ["ann/"]
    leases = client.sys.list_leases(f"auth/{mount}/login/ann")["data"]["keys"]
    lease = f"auth/{mount}/login/ann/{leases[0]}"
    assert client.sys.read_lease(lease)["data"]["id"] == lease
    client.sys.revoke_prefix(f"auth/{mount}/login")
    client.sys.create_or_update_quota(mount, 1000.0, path="secret/")
    assert client.sys.read_quota(mount)["data"]["rate"] == 1000
    assert mount in client.sys.list_quotas()["data"]["keys"]
    client.sys.delete_quota(mount)


def test_sealing_and_unsealing():
    with wellkept.testing.server() as server:
        client = hvac.Client(url=server.address, token=server.root_token)
        client.sys.seal()
        assert client.sys.is_sealed()
        with pytest.raises(exceptions.VaultDown):
            client.secrets.kv.v2.read_secret("x", raise_on_deleted_version=False)
        client.sys.submit_unseal_key(server.unseal_key)
        assert not client.sys.is_sealed()
        client.sys.seal()
        client.sys.submit_unseal_keys([server.unseal_key])
        assert not client.sys.is_sealed()


async def test_an_async_client_works_unmodified(running):
    import httpx

    headers = {"X-Vault-Token": running.root_token}
    async with httpx.AsyncClient(base_url=running.address, headers=headers) as client:
        await client.put("/v1/secret/data/async", json={"data": {"a": 1}})
        found = (await client.get("/v1/secret/data/async")).json()
        assert found["data"]["data"] == {"a": 1}
        listed = await client.request("LIST", "/v1/secret/metadata")
        assert "async" in listed.json()["data"]["keys"]


async def test_async_hvac_works_unmodified(running):
    async_hvac = pytest.importorskip("async_hvac")
    async with async_hvac.AsyncClient(url=running.address, token=running.root_token) as client:
        assert await client.is_authenticated()
        await client.write("cubbyhole/a", b="c")
        assert (await client.read("cubbyhole/a"))["data"] == {"b": "c"}
