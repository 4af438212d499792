"""What is particular to Key Vault: names, versions, dates, encodings, permissions, and the double held to Microsoft's
client, so that what passes here is what the client of the service's own maker does too."""

from __future__ import annotations

import base64
import datetime

import pytest

from doubles.azure_key_vault import API_VERSIONS
from doubles.cloud import Issuer
from wellkept.errors import ConfigError, Denied, Malformed, NotFound
from wellkept.sources.azure_kv import service_name
from wellkept.sources.azure_kv.client import API_VERSION
from wellkept.sources.registry import open_source
from wellkept.testing.faults import rewrite

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)

pytestmark = pytest.mark.usefixtures("giver")


def paths(vault):
    return [request.path.partition("?")[0] for request in vault.requests]


# What Microsoft's client writes, our source reads; and both read the same


def test_the_official_client_and_our_source_read_the_same(vault, official, open_azure):
    written = official.set_secret("database-password", "one")
    source = open_azure()
    secret = source.read("database/password")
    same = official.get_secret("database-password")
    assert (secret.reveal(), secret.version) == (same.value, same.properties.version)
    assert secret.version == written.properties.version
    assert secret.created == same.properties.created_on.timestamp()
    assert secret.source == source.url == "azure-kv://billing-prod"


def test_the_official_client_meets_the_same_refusals(vault, official, open_azure):
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    source = open_azure()
    with pytest.raises(ResourceNotFoundError):
        official.get_secret("absent")
    with pytest.raises(NotFound):
        source.read("absent")
    official.set_secret("off", "value", enabled=False)
    with pytest.raises(HttpResponseError, match="disabled"):
        official.get_secret("off")
    official.set_secret("locked", "value")
    vault.denied.add("locked")
    with pytest.raises(HttpResponseError, match="authorized"):
        official.get_secret("locked")
    with pytest.raises(HttpResponseError, match="BadParameter"):
        official.set_secret("long", "x" * 26_000)


def test_the_official_client_pages_through_the_doubles_lists(official):
    for number in range(7):
        official.set_secret(f"name-{number}", "value")
        official.set_secret("many", str(number))
    assert len(list(official.list_properties_of_secrets())) == 8
    assert len(list(official.list_properties_of_secret_versions("many"))) == 7


def test_our_version_of_the_api_is_one_that_the_official_client_knows():
    from azure.keyvault.secrets import ApiVersion

    assert API_VERSION in {version.value for version in ApiVersion} & API_VERSIONS


@pytest.mark.parametrize("query", ["", "?api-version=1.0", "?api-version="])
def test_the_double_refuses_other_versions_of_the_api(vault, open_azure, official, query, monkeypatch):
    official.set_secret("name", "value")
    source = open_azure()
    monkeypatch.setattr("wellkept.sources.azure_kv.source.QUERY", query)
    with pytest.raises(Malformed, match="BadParameter"):
        source.read("name")


# Names


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("prod/billing/db_password", "", "prod-billing-db-password"),
        ("db.password", "prod/billing", "prod-billing-db-password"),
        ("a" * 127, "", "a" * 127),
    ],
)
def test_names_are_mapped_to_letters_digits_and_hyphens(name, prefix, expected):
    assert service_name(name, prefix) == expected


@pytest.mark.parametrize(
    ("name", "prefix", "why"),
    [
        ("größe", "", "letters, digits"),
        ("a b", "", "letters, digits"),
        ("name#field", "", "letters, digits"),
        ("a" * 128, "", "127"),
        ("a" * 120, "prefix/x", "127"),
        ("", "", "empty"),
        ("a//b", "", "empty"),
        ("../a", "", "dotted"),
    ],
)
def test_a_name_that_cannot_be_mapped_is_not_found_and_says_why(open_azure, vault, name, prefix, why):
    with pytest.raises(NotFound, match=why):
        service_name(name, prefix)
    source = open_azure(**({"prefix": prefix} if prefix else {}))
    with pytest.raises(NotFound, match=why) as caught:
        source.read(name)
    assert caught.value.name == name
    assert caught.value.source == source.url
    assert caught.value.__context__ is None
    assert isinstance(source.read_many([name])[name], NotFound)
    assert vault.requests == []


def test_a_prefix_stands_before_every_name_and_comes_off_in_the_list(official, open_azure):
    official.set_secret("prod-billing-key", "ours")
    official.set_secret("prod-billing-x", "ours too")
    official.set_secret("prod-shop-key", "not ours")
    source = open_azure(prefix="prod/billing")
    assert source.read("key").reveal() == "ours"
    assert source.list() == ["key", "x"]


# Versions


def test_versions_are_read_by_their_id(official, open_azure):
    first = official.set_secret("name", "one").properties.version
    official.set_secret("name", "two")
    source = open_azure()
    assert source.read("name", version=first).reveal() == "one"
    assert source.read("name").reveal() == "two"


def test_previous_is_the_newest_enabled_one_before_the_current(official, open_azure, vault):
    for value in ("one", "two", "three", "four", "five"):  # over several pages
        written = official.set_secret("name", value)
        vault.stored["name"][-1]["attributes"]["created"] += len(vault.stored["name"])
        if value == "four":
            official.update_secret_properties("name", written.properties.version, enabled=False)
    assert open_azure().read("name", version="previous").reveal() == "three"


def test_previous_without_permission_to_list_is_not_found_with_a_hint(official, open_azure, vault):
    official.set_secret("name", "one")
    official.set_secret("name", "two")
    vault.permissions.discard("list")
    source = open_azure()
    with pytest.raises(NotFound, match="permission to list"):
        source.read("name", version="previous")
    assert source.read("name").reveal() == "two"


def test_previous_of_a_denied_secret_is_denied(official, open_azure, vault):
    official.set_secret("name", "one")
    vault.denied.add("name")
    with pytest.raises(Denied):
        open_azure().read("name", version="previous")


def test_a_listing_that_leads_elsewhere_gets_no_token(official, open_azure, vault):
    for number in range(5):
        official.set_secret("name", str(number))
    host = vault.url.encode().replace(b"https://", b"")
    vault.fault(
        rewrite(lambda body: body.replace(host + b"/secrets/name/versions?", b"far.example/versions?")),
        when=lambda request: "/versions" in request.path,
    )
    source = open_azure()
    with pytest.raises(Malformed, match="another server"):
        source.read("name", version="previous")


# What may not be used


def test_a_disabled_secret_is_not_found_and_not_denied(official, open_azure):
    official.set_secret("name", "value", enabled=False)
    with pytest.raises(NotFound, match="disabled"):
        open_azure().read("name")


@pytest.mark.parametrize(
    ("dates", "why"),
    [({"expires_on": NOW - DAY}, "expired"), ({"not_before": NOW + DAY}, "not valid yet")],
)
def test_a_version_outside_its_dates_is_not_found(official, open_azure, dates, why):
    official.set_secret("name", "value", **dates)
    assert official.get_secret("name").value == "value", "Key Vault itself hands it out"
    with pytest.raises(NotFound, match=why):
        open_azure().read("name")


def test_a_version_within_its_dates_is_read(official, open_azure):
    official.set_secret("name", "value", not_before=NOW - DAY, expires_on=NOW + DAY)
    assert open_azure().read("name").reveal() == "value"


def test_a_deleted_secret_is_not_found(official, open_azure):
    official.set_secret("name", "value")
    official.begin_delete_secret("name").wait()
    with pytest.raises(NotFound):
        open_azure().read("name")


def test_an_answer_about_another_secret_is_malformed(official, open_azure, vault):
    official.set_secret("name", "value")
    vault.fault(rewrite(lambda body: body.replace(b"/secrets/name/", b"/secrets/other/")))
    with pytest.raises(Malformed, match="another secret"):
        open_azure().read("name")


def test_the_case_of_a_name_is_key_vaults_to_ignore(official, open_azure):
    official.set_secret("Database-Password", "value")
    assert open_azure().read("database/password").reveal() == "value"


# Bytes

DATA = bytes(range(256))
BASE64 = base64.b64encode(DATA).decode()


@pytest.mark.parametrize(
    ("value", "hints"),
    [
        (BASE64, {"content_type": "application/x-pkcs12"}),
        (BASE64, {"tags": {"file-encoding": "base64"}}),
        (DATA.hex(), {"tags": {"file-encoding": "hex"}}),
    ],
)
def test_what_is_marked_as_bytes_comes_as_bytes(official, open_azure, value, hints):
    official.set_secret("name", value, **hints)
    assert open_azure().read("name").reveal_bytes() == DATA
    assert open_azure(encoding="text").read("name").reveal() == value


def test_the_option_decodes_what_is_not_marked(official, open_azure):
    official.set_secret("name", BASE64)
    assert open_azure(encoding="base64").read("name").reveal_bytes() == DATA
    assert open_azure().read("name").reveal() == BASE64


def test_what_is_marked_but_is_not_so_is_malformed_and_not_quoted(official, open_azure):
    official.set_secret("name", "planted value!", content_type="application/x-pkcs12")
    with pytest.raises(Malformed, match="encoding=text") as caught:
        open_azure().read("name")
    assert "planted" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_certificate_in_pem_comes_as_text(official, open_azure):
    official.set_secret("name", "-----BEGIN", content_type="application/x-pem-file")
    assert open_azure().read("name").reveal() == "-----BEGIN"


def test_the_largest_value_that_azure_keeps_comes_back_whole(official, open_azure):
    official.set_secret("name", "x" * 25_600)
    assert len(open_azure().read("name").reveal()) == 25_600


# Least privilege


def test_reading_asks_for_the_named_secrets_only_and_lists_nothing(official, open_azure, vault):
    official.set_secret("a", "1")
    official.set_secret("b", "2")
    vault.permissions = {"get"}
    vault.requests.clear()
    source = open_azure()
    source.read("a")
    source.read_many(["a", "b"])
    assert sorted(paths(vault)) == ["/secrets/a/", "/secrets/a/", "/secrets/b/"]
    assert {request.method for request in vault.requests} == {"GET"}


def test_listing_needs_a_permission_of_its_own(open_azure, vault):
    vault.permissions = {"get"}
    with pytest.raises(Denied):
        open_azure().list()


# Opening


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("azure-kv:billing", "azure-kv://NAME"),
        ("azure-kv://", "names a vault"),
        ("azure-kv://a_b", "names a vault"),
        ("azure-kv://localhost:8443", "endpoint="),
        ("azure-kv://user:pass@billing", "no credential"),
        ("azure-kv://billing/prod", "prefix="),
        ("azure-kv://billing?endpoint=http://127.0.0.1:1", "https://"),
        ("azure-kv://billing?encoding=rot13", "encoding"),
        ("azure-kv://billing?timeout=0", "timeout"),
        ("azure-kv://billing?prefix=a//b", "prefix"),
        ("azure-kv://billing?secret=1", "unknown option"),
    ],
)
def test_a_wrong_url_is_a_configuration_error_that_says_what_is_expected(url, why):
    with pytest.raises(ConfigError, match=why) as caught:
        open_source(url).read("x")
    assert "pass@" not in str(caught.value)


def test_a_vault_of_another_cloud_is_named_by_its_host(open_azure, vault, issuer, official):
    official.set_secret("name", "value")
    vault.resource = vault.challenge_resource = "https://vault.azure.cn"
    assert open_azure("billing.vault.azure.cn").read("name").reveal() == "value"


def test_opening_asks_nobody_and_loads_no_sdk():
    import subprocess
    import sys

    code = (
        "import sys; from wellkept.sources.registry import open_source; open_source('azure-kv://billing');"
        "assert not [name for name in sys.modules if name.startswith(('azure', 'msal', 'requests'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_library_names_the_extra(open_azure, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(ConfigError, match=r"pip install 'wellkept\[azure\]'") as caught:
        open_azure().read("name")
    assert caught.value.__context__ is None


def test_a_token_that_someone_made_up_is_refused_by_the_double(vault, authority, official):
    from wellkept.sources.azure_kv.source import AzureKeyVaultSource

    official.set_secret("name", "value")
    source = AzureKeyVaultSource(
        "billing-prod", endpoint=vault.url, ca=authority.ca_file, credential=Made(Issuer())
    )
    with pytest.raises(Denied, match="does not accept the token"):
        source.read("name")


class Made:
    """A credential whose tokens the vault does not know."""

    def __init__(self, issuer):
        self.issuer = issuer

    def get_token(self, scope, **options):
        from azure.core.credentials import AccessToken

        return AccessToken(self.issuer.issue(scope.removesuffix("/.default")), 4102444800)
