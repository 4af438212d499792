import os

import pytest

from wellkept.barrier.seals.keyfile import KeyFileSeal
from wellkept.core.local import create_store
from wellkept.errors import (
    ConfigError,
    Denied,
    IntegrityError,
    Malformed,
    NotFound,
    Sealed,
    StorageUnavailable,
    Unavailable,
)
from wellkept.loader.secrets import Secrets
from wellkept.sources.registry import open_source
from wellkept.sources.store import StoreSource


@pytest.fixture
def directory(tmp_path, monkeypatch):
    key = str(tmp_path / "key")
    KeyFileSeal.create(key)
    monkeypatch.setenv("WELLKEPT_KEY_FILE", key)
    return str(tmp_path / "store")


@pytest.fixture
def store(directory, tmp_path):
    with create_store(directory, KeyFileSeal(str(tmp_path / "key"))) as store:
        yield store


def test_names_are_below_the_prefix_and_secrets_keep_the_name_asked_for(store, directory):
    store.write("prod/billing/database", {"password": "p"})
    store.write("prod/other", "x")
    source = open_source(f"store:{directory}?prefix=prod/billing")
    secret = source.read("database")
    assert (secret.name, secret.version, secret.field("password").reveal()) == ("database", "1", "p")
    assert secret.source == f"store:{directory}?prefix=prod/billing"
    assert source.list() == ["database"]
    with pytest.raises(NotFound) as caught:
        source.read("other")
    assert (caught.value.name, caught.value.source) == ("other", source.url)
    source.close()


def test_it_says_when_a_version_was_made(store, directory):
    info = store.write("name", "value")
    with Secrets(f"store:{directory}") as secrets:
        assert secrets.get("name").created == info.created


def test_versions_by_number_stage_and_previous(store, directory):
    for value in ("one", "two"):
        store.write("name", value)
    source = StoreSource(directory)
    assert source.read("name").reveal() == "two"
    assert source.read("name", version="1").reveal() == "one"
    assert source.read("name", version="previous").reveal() == "one"
    assert source.read("name", version="current").reveal() == "two"
    with pytest.raises(NotFound):
        source.read("name", version="7")
    source.close()


def test_policies_take_the_operators_rights_away(store, directory):
    store.write("prod/a", "1")
    store.write("staging/a", "1")
    store.set_policy("app", {"path": {"secret/data/prod/*": {"capabilities": ["read"]}}})
    source = open_source(f"store:{directory}?policies=app")
    assert source.read("prod/a").reveal() == "1"
    with pytest.raises(Denied):
        source.read("staging/a")
    with pytest.raises(Denied):
        source.list()
    source.close()


def test_reads_are_audited_one_line_each(store, directory):
    store.write_many({"a": "1", "b": "2"})
    before = sum(1 for _ in open(os.path.join(directory, "audit.jsonl")))
    with Secrets(f"store:{directory}") as secrets:
        secrets.get_many(["a", "b"])
        for _ in range(100):
            secrets.get("a")
    assert sum(1 for _ in open(os.path.join(directory, "audit.jsonl"))) == before + 2


def test_a_directory_without_a_store_says_how_to_make_one_and_is_not_retried(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with Secrets(f"store:{path}") as secrets, pytest.raises(ConfigError, match="wellkept init"):
            secrets.get("name")


def test_a_store_whose_key_is_not_found_is_sealed_and_nothing_stands_in(
    store, directory, monkeypatch, tmp_path
):
    store.write("name", "value")
    monkeypatch.setenv("WELLKEPT_KEY_FILE", str(tmp_path / "no such key"))
    with Secrets(f"store:{directory}") as secrets:
        for read in (secrets.get, secrets.get_optional, lambda name: secrets.get_each([name])):
            with pytest.raises(Sealed):
                read("name")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (StorageUnavailable("disk full"), Unavailable),
        (IntegrityError("flipped"), IntegrityError),
        (Denied("no"), Denied),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_the_stores_failures_are_sorted(store, directory, monkeypatch, failure, kind):
    store.write("name", "value")
    source = StoreSource(directory)
    source.read("name")

    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(source._store, "read", fail)
    monkeypatch.setattr(source._store, "read_many", fail)
    with pytest.raises(kind):
        source.read("name")
    with pytest.raises(kind):
        source.read_many(["name", "other"])
    source.close()


def test_a_name_that_cannot_stand_in_a_store_is_sought_further_down_a_chain(store, directory):
    from wellkept.sources.chain import ChainSource
    from wellkept.sources.env import EnvSource

    chain = ChainSource([StoreSource(directory), EnvSource(environ={"A__B": "found"})])
    assert chain.read("a//b").reveal() == "found"
    chain.close()


def test_both_halves_of_a_fork_read(store, directory):
    store.write("name", "value")
    with Secrets(f"store:{directory}", ttl=0.05) as secrets:
        secrets.get("name")
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                if secrets.refresh("name").reveal() == "value":
                    code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        assert secrets.refresh("name").reveal() == "value"
    store.audit_verify()


def test_binary_values_come_as_they_are(store, directory):
    store.write("name", bytes(range(256)), content_type="application/octet-stream")
    with Secrets(f"store:{directory}") as secrets:
        assert secrets.get("name").reveal_bytes() == bytes(range(256))
        with pytest.raises(Malformed):
            secrets.get("name").reveal()


@pytest.mark.parametrize("url", ["store:", "store:x?policies=a,,b", "store:x?prefix=/a", "store:x?other=1"])
def test_what_makes_no_sense_is_refused(url):
    with pytest.raises(ConfigError):
        open_source(url)
