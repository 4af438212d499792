"""What is particular to Secret Manager: names, versions, states, checksums, regions, permissions, and the double held
to Google's client, so that what passes here is what the client of the service's own maker does too."""

from __future__ import annotations

import base64
import json

import pytest

from doubles.cloud import Issuer
from doubles.google_secret_manager import NUMBER, PROJECT, SecretManager
from wellkept.errors import ConfigError, Denied, Malformed, NotFound, Unavailable
from wellkept.sources.gcp_sm import service_name
from wellkept.sources.gcp_sm.crc32c import crc32c
from wellkept.sources.registry import open_source
from wellkept.testing.faults import rewrite

pytestmark = pytest.mark.usefixtures("giver")


def paths(service):
    return [request.path for request in service.requests]


# What Google's client writes, our source reads; and both read the same


def test_the_official_client_and_our_source_read_the_same(official, open_gcp):
    official.put("database-password", "one")
    source = open_gcp()
    secret = source.read("database/password")
    same = official.get("database-password")
    assert secret.reveal_bytes() == same.data
    assert crc32c(secret.reveal_bytes()) == same.data_crc32c
    assert secret.version == "1"
    assert secret.source == source.url == f"gcp-sm://{PROJECT}"


def test_the_official_client_meets_the_same_refusals(official, open_gcp, service):
    from google.api_core import exceptions

    source = open_gcp()
    with pytest.raises(exceptions.NotFound):
        official.get("absent")
    with pytest.raises(NotFound):
        source.read("absent")
    official.put("off", "value")
    official.client.disable_secret_version(request={"name": official.name("off", 1)})
    with pytest.raises(exceptions.BadRequest, match="DISABLED"):
        official.get("off")
    official.put("locked", "value")
    service.denied.add("locked")
    with pytest.raises(exceptions.Forbidden):
        official.get("locked")
    with pytest.raises(exceptions.BadRequest, match="65536"):
        official.put("long", b"x" * 65_537)
    with pytest.raises(exceptions.BadRequest, match="checksum"):
        official.put("damaged", "value", data_crc32c=1)
    with pytest.raises(exceptions.BadRequest, match="Secret ID"):
        official.put("no.dots", "value")


def test_the_official_client_pages_through_the_doubles_lists(official):
    for number in range(7):
        official.put(f"name-{number}", "value")
        official.put("many", str(number))
    assert len(list(official.client.list_secrets(request={"parent": official.parent}))) == 8
    found = list(official.client.list_secret_versions(request={"parent": official.name("many")}))
    assert len(found) == 7


def test_the_double_refuses_other_versions_of_the_api(open_gcp, official, monkeypatch):
    official.put("name", "value")
    source = open_gcp()
    monkeypatch.setattr(source, "_parent", lambda: f"/v1beta1/projects/{PROJECT}")
    with pytest.raises(Exception, match="Secret Manager's|no answer") as caught:
        source.read("name")
    assert not isinstance(caught.value, NotFound)


def test_the_double_refuses_a_token_that_someone_made_up(service, official):
    from google.oauth2.credentials import Credentials

    from wellkept.sources.gcp_sm.source import GoogleSecretManagerSource

    official.put("name", "value")
    made_up = Credentials(token=Issuer().issue(SecretManager.AUDIENCE))
    source = GoogleSecretManagerSource(PROJECT, endpoint=service.url, credentials=made_up)
    with pytest.raises(Denied, match="does not accept the token"):
        source.read("name")


# Names


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("prod/billing/db_password", "", "prod-billing-db_password"),
        ("db.password", "prod/billing", "prod-billing-db-password"),
        ("DATABASE_URL", "", "DATABASE_URL"),
        ("a" * 255, "", "a" * 255),
    ],
)
def test_names_are_mapped_to_what_google_takes(name, prefix, expected):
    assert service_name(name, prefix) == expected


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("größe", "letters, digits"),
        ("a b", "letters, digits"),
        ("a:access", "letters, digits"),
        ("a" * 256, "255"),
        ("", "empty"),
        ("a//b", "empty"),
        ("../a", "dotted"),
    ],
)
def test_a_name_that_cannot_be_mapped_is_not_found_and_says_why(open_gcp, service, name, why):
    with pytest.raises(NotFound, match=why):
        service_name(name)
    source = open_gcp()
    with pytest.raises(NotFound, match=why) as caught:
        source.read(name)
    assert (caught.value.name, caught.value.source) == (name, source.url)
    assert caught.value.__context__ is None
    assert isinstance(source.read_many([name])[name], NotFound)
    assert service.requests == []


def test_a_prefix_stands_before_every_name_and_comes_off_in_the_list(official, open_gcp):
    official.put("prod-billing-key", "ours")
    official.put("prod-billing-x", "ours too")
    official.put("prod-shop-key", "not ours")
    source = open_gcp(prefix="prod/billing")
    assert source.read("key").reveal() == "ours"
    assert source.list() == ["key", "x"]


# Versions


@pytest.fixture
def history(official):
    """Five versions, the fourth disabled, the third destroyed; an alias on the second."""
    for value in ("one", "two", "three", "four", "five"):
        official.put("name", value)
    official.client.disable_secret_version(request={"name": official.name("name", 4)})
    official.client.destroy_secret_version(request={"name": official.name("name", 3)})
    official.client.update_secret(
        request={
            "secret": {"name": official.name("name"), "version_aliases": {"canary": 2}},
            "update_mask": {"paths": ["version_aliases"]},
        }
    )


@pytest.mark.parametrize(
    ("version", "value"),
    [(None, "five"), ("latest", "five"), ("1", "one"), ("canary", "two"), ("previous", "two")],
)
def test_versions_by_number_alias_latest_and_previous(history, open_gcp, version, value):
    assert open_gcp().read("name", version=version).reveal() == value


@pytest.mark.parametrize(
    ("version", "why"),
    [("4", "disabled"), ("3", "destroyed"), ("6", "no such"), ("0", "numbers"), ("1:access/../2", "numbers")],
)
def test_a_version_that_is_not_there_or_is_switched_off_is_not_found(history, open_gcp, version, why):
    with pytest.raises(NotFound, match=why):
        open_gcp().read("name", version=version)


def test_the_latest_version_is_disabled_so_the_secret_is_not_found(official, open_gcp):
    official.put("name", "one")
    official.put("name", "two")
    official.client.disable_secret_version(request={"name": official.name("name", 2)})
    source = open_gcp()
    for version in (None, "previous"):
        with pytest.raises(NotFound, match="disabled"):
            source.read("name", version=version)


# Checksums


def test_the_checksum_is_castagnolis():
    """RFC 3720, B.4; and the check value of the catalogue of parametrised CRCs."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_the_checksum_is_what_googles_own_module_says():
    import random

    import google_crc32c

    chance = random.Random(32)
    for size in (0, 1, 2, 63, 64, 65, 1000, 65_536):
        data = chance.randbytes(size)
        assert crc32c(data) == google_crc32c.value(data)


def damaged(body):
    content = json.loads(body)
    data = bytearray(base64.b64decode(content["payload"]["data"]))
    data[0] ^= 1
    content["payload"]["data"] = base64.b64encode(data).decode()
    return json.dumps(content).encode()


def test_one_flipped_bit_is_noticed_and_a_second_try_is_fine(official, open_gcp, service):
    official.put("name", "value")
    service.fault(rewrite(damaged), times=1)
    source = open_gcp()
    with pytest.raises(Unavailable, match="checksum") as caught:
        source.read("name")
    assert "wvalue" not in str(caught.value)
    assert source.read("name").reveal() == "value"


@pytest.mark.parametrize("checksum", [None, "", "x", "-1", 0.5, {}, "00"])
def test_a_checksum_that_is_none_is_not_a_match(official, open_gcp, service, checksum):
    official.put("name", "value")

    def change(body):
        content = json.loads(body)
        content["payload"]["dataCrc32c"] = checksum
        return json.dumps(content).encode()

    service.fault(rewrite(change))
    with pytest.raises(Unavailable, match="checksum"):
        open_gcp().read("name")


def test_an_answer_about_another_secret_is_malformed(official, open_gcp, service):
    official.put("name", "value")
    service.fault(rewrite(lambda body: body.replace(b"secrets/name/", b"secrets/other/")))
    with pytest.raises(Malformed, match="another secret"):
        open_gcp().read("name")


# Regions, created, projects


def test_a_regional_secret_is_read_from_its_region(official_in, official, open_gcp):
    official_in("europe-west3").put("name", "in Frankfurt")
    official.put("name", "anywhere")
    assert open_gcp(location="europe-west3").read("name").reveal() == "in Frankfurt"
    assert open_gcp(location="europe-west3").list() == ["name"]
    assert open_gcp().read("name").reveal() == "anywhere"
    with pytest.raises(NotFound):
        open_gcp(location="europe-west1").read("name")


def test_a_region_has_an_endpoint_of_its_own():
    source = open_source("gcp-sm://acme?location=europe-west3")
    assert source._client._base == "https://secretmanager.europe-west3.rep.googleapis.com"
    assert open_source("gcp-sm://acme")._client._base == "https://secretmanager.googleapis.com"


def test_over_tls_with_a_private_authority(issuer, authority, open_gcp, official):
    with SecretManager(issuer, authority) as service:
        service.stored = {("", "name"): {"versions": [], "aliases": {}, "created": ""}}
        service._add(("", "name"), {"data": base64.b64encode(b"value").decode()})
        source = open_gcp(endpoint=service.url, ca=authority.ca_file)
        assert source.read("name").reveal() == "value"
        with pytest.raises(Unavailable, match="certificate"):
            open_gcp(endpoint=service.url).read("name")


def test_when_a_version_was_made_is_asked_for_only_on_request(official, open_gcp, service):
    made = official.put("name", "value")
    assert open_gcp().read("name").created is None
    source = open_gcp(created="yes")
    assert source.read("name").created == made.create_time.timestamp()
    assert source.read_many(["name"])["name"].created == made.create_time.timestamp()
    service.permissions.discard("get")
    assert source.read("name").created is None


def test_the_project_comes_from_the_environment_where_the_url_names_none(official, open_gcp, monkeypatch):
    official.put("name", "value")
    assert open_gcp("").read("name").reveal() == "value"  # from the metadata server
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", NUMBER)
    source = open_gcp("")
    assert source.read("name").reveal() == "value"
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    with pytest.raises(Denied):
        open_gcp("").read("name")


# Least privilege


def test_reading_asks_for_the_named_secrets_only_and_lists_nothing(official, open_gcp, service):
    official.put("a", "1")
    official.put("a", "2")
    official.put("b", "3")
    service.permissions = {"access"}
    service.requests.clear()
    source = open_gcp()
    source.read("a")
    source.read("a", version="previous")
    source.read_many(["a", "b"])
    assert {request.method for request in service.requests} == {"GET"}
    assert len(service.requests) == 5
    assert all(path.endswith(":access") for path in paths(service))


def test_listing_needs_a_permission_of_its_own(open_gcp, service):
    service.permissions = {"access"}
    with pytest.raises(Denied):
        open_gcp().list()


# Opening


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("gcp-sm:acme", "gcp-sm://PROJECT"),
        ("gcp-sm://Acme Prod", "project's id"),
        ("gcp-sm://user:pass@acme", "no credential"),
        ("gcp-sm://acme/prod", "prefix="),
        ("gcp-sm://acme?endpoint=http://far.example", "https://"),
        ("gcp-sm://acme?endpoint=http://127.0.0.1.far.example", "https://"),
        ("gcp-sm://acme?location=a.b", "location"),
        ("gcp-sm://acme?created=maybe", "created"),
        ("gcp-sm://acme?timeout=x", "timeout"),
        ("gcp-sm://acme?prefix=..", "prefix"),
        ("gcp-sm://acme?token=1", "unknown option"),
    ],
)
def test_a_wrong_url_is_a_configuration_error_that_says_what_is_expected(url, why):
    with pytest.raises(ConfigError, match=why) as caught:
        open_source(url).read("x")
    assert "pass@" not in str(caught.value)


def test_opening_asks_nobody_and_loads_no_sdk():
    import subprocess
    import sys

    code = (
        "import sys; from wellkept.sources.registry import open_source; open_source('gcp-sm://acme');"
        "assert not [name for name in sys.modules if name.startswith(('google', 'requests'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_library_names_the_extra(open_gcp, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "google.auth.transport.requests", None)
    with pytest.raises(ConfigError, match=r"pip install 'wellkept\[gcp\]'") as caught:
        open_gcp().read("name")
    assert caught.value.__context__ is None
