"""Making and opening a store: what is there, what is missing, and what opens it."""

import os
import stat
import subprocess
import sys

import pytest

from wellkept.barrier.seals import KeyFileSeal, PassphraseSeal
from wellkept.barrier.seals.passphrase import Cost
from wellkept.core.local import create_store, open_store
from wellkept.core.unlock import default_key_path
from wellkept.errors import ConfigError, IntegrityError, InvalidRequest, Sealed, StorageUnavailable

CHEAP = Cost(8 * 1024, 1, 1)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in ("WELLKEPT_KEY_FILE", "WELLKEPT_PASSPHRASE", "WELLKEPT_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_new_store_is_private_and_recorded(tmp_path, seal):
    with create_store(tmp_path / "deep" / "store", seal) as store:
        lines = list(store.audit_lines())
    assert lines[0]["path"] == "sys/init"
    assert stat.S_IMODE((tmp_path / "deep" / "store").stat().st_mode) == 0o700
    for path in (tmp_path / "deep" / "store").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_is_not_made_over_another(tmp_path, seal, store):
    store.write("a", "1")
    with pytest.raises(ConfigError, match="already"):
        create_store(tmp_path / "store", seal)
    assert store.read("a").secret.reveal() == "1"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "audit.jsonl").write_text("somebody's")
    with pytest.raises(ConfigError, match="already"):
        create_store(tmp_path / "other", seal)


def test_a_store_that_could_not_be_finished_leaves_nothing_in_the_way(tmp_path):
    with pytest.raises(Sealed):
        create_store(tmp_path / "store", KeyFileSeal(tmp_path / "no-key"))
    seal = KeyFileSeal.create(tmp_path / "key")
    with create_store(tmp_path / "store", seal) as store:
        store.write("a", "1")


def test_where_there_is_no_store_none_is_made(tmp_path, seal):
    with pytest.raises(StorageUnavailable, match="wellkept init"):
        open_store(tmp_path / "none", seal)
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageUnavailable, match="wellkept init"):
        open_store(tmp_path / "empty", seal)
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x", b"not a database" * 1000, b"\0" * 8192])
def test_a_file_that_is_no_store_is_refused(tmp_path, seal, content):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "store.db").write_bytes(content)
    with pytest.raises((IntegrityError, StorageUnavailable)):
        open_store(tmp_path / "s", seal)
    assert (tmp_path / "s" / "store.db").read_bytes() == content


def test_without_a_seal_a_key_is_made_and_found_again_by_the_stores_id(tmp_path):
    with create_store(tmp_path / "store") as store:
        store.write("a", "1")
        path = default_key_path(store.store_id)
    assert path.startswith(str(tmp_path / "config" / "wellkept" / "keys"))
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open_store(tmp_path / "store") as store:
        assert store.read("a").secret.reveal() == "1"
    os.rename(path, tmp_path / "moved")
    with pytest.raises(Sealed, match="WELLKEPT_KEY_FILE"):
        open_store(tmp_path / "store")


def test_the_environment_names_a_key_file(tmp_path, seal, store, monkeypatch):
    store.write("a", "1")
    monkeypatch.setenv("WELLKEPT_KEY_FILE", seal.path)
    with open_store(tmp_path / "store") as opened:
        assert opened.read("a").secret.reveal() == "1"
    monkeypatch.setenv("WELLKEPT_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(Sealed, match="WELLKEPT_KEY_FILE"):
        open_store(tmp_path / "store")


def test_the_wrong_key_opens_nothing_and_changes_nothing(tmp_path, store, audit_path):
    before = audit_path.read_bytes()
    with pytest.raises(Sealed, match="not the key"):
        open_store(tmp_path / "store", KeyFileSeal.create(tmp_path / "other"))
    with pytest.raises(Sealed, match="keyfile"):
        open_store(tmp_path / "store", PassphraseSeal(lambda: "x"))
    assert audit_path.read_bytes() == before


@pytest.fixture
def by_passphrase(tmp_path):
    with create_store(tmp_path / "p", PassphraseSeal(lambda: "open sesame", cost=CHEAP)) as store:
        store.write("a", "1")
    return tmp_path / "p"


def test_a_passphrase_comes_from_a_file_the_environment_or_a_prompt(by_passphrase, tmp_path, monkeypatch):
    with pytest.raises(Sealed, match="WELLKEPT_PASSPHRASE_FILE"):
        open_store(by_passphrase)
    open_store(by_passphrase, prompt=lambda: "open sesame").close()
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "open sesame")
    open_store(by_passphrase).close()
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "wrong")
    with pytest.raises(Sealed, match="wrong passphrase") as caught:
        open_store(by_passphrase)
    assert "sesame" not in str(caught.value)
    for content in (b"open sesame", b"open sesame\n", b"open sesame\r\nmore\n"):
        (tmp_path / "file").write_bytes(content)
        monkeypatch.setenv("WELLKEPT_PASSPHRASE_FILE", str(tmp_path / "file"))
        open_store(by_passphrase).close()
    monkeypatch.setenv("WELLKEPT_PASSPHRASE_FILE", str(tmp_path / "none"))
    with pytest.raises(Sealed, match="cannot be read") as caught:
        open_store(by_passphrase)
    assert caught.value.__context__ is None


def test_an_empty_passphrase_is_no_passphrase(by_passphrase, monkeypatch):
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "")
    with pytest.raises(Sealed):
        open_store(by_passphrase)


@pytest.mark.parametrize("store_id", ["", "../../etc/passwd", "a/b", "a" * 65, "ä", "."])
def test_a_store_id_from_a_strange_file_never_becomes_a_path(store_id):
    with pytest.raises(InvalidRequest):
        default_key_path(store_id)


def test_rekeying_closes_the_store_with_the_new_seal_only(tmp_path, store, seal):
    store.write("a", "1")
    other = KeyFileSeal.create(tmp_path / "other")
    store.rekey(other)
    assert store.read("a").secret.reveal() == "1"
    with pytest.raises(Sealed):
        open_store(tmp_path / "store", seal)
    with open_store(tmp_path / "store", other) as opened:
        assert opened.read("a").secret.reveal() == "1"
        opened.audit_verify()
    with pytest.raises(InvalidRequest, match="seal"):
        store.rekey("a string")


def test_keys_rotate_under_those_who_have_the_store_open(store, reopen):
    other = reopen()
    store.write_many({f"n/{number}": "1" for number in range(5)})
    assert store.rotate_key() == 2
    assert other.read("n/1").secret.reveal() == "1"
    other.write("n/1", "2")
    assert store.read("n/1").secret.reveal() == "2"
    seen = []
    assert store.rewrite(seen.append) > 0
    assert seen
    assert store.key_status()["terms"] == [2]
    assert other.read("n/2").secret.reveal() == "1"
    other.audit_verify()


def test_a_closed_store_answers_nothing_and_closes_again(store):
    store.close()
    store.close()
    with pytest.raises(StorageUnavailable):
        store.read("a")


def test_both_halves_of_a_fork_use_the_store(store):
    store.write("a", "1")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for number in range(10):
                store.write(f"child/{number}", "x")
            assert store.read("a").secret.reveal() == "1"
            code = 0
        finally:
            os._exit(code)
    for number in range(10):
        store.write(f"parent/{number}", "x")
    assert os.waitpid(child, 0)[1] == 0
    assert len(store.list("child")) == len(store.list("parent")) == 10
    store.audit_verify()
    pids = {line["client"]["pid"] for line in store.audit_lines()}
    assert {os.getpid(), child} <= pids


def test_the_log_is_read_from_its_end_or_after_a_number(store):
    for number in range(5):
        store.read_many([f"n/{number}"])
    last = list(store.audit_lines(last=2))
    assert [line["path"] for line in last] == ["secret/data/n/4", "sys/audit"]
    everything = list(store.audit_lines())
    assert [line["seq"] for line in everything] == list(range(1, len(everything) + 1))
    assert [line["seq"] for line in store.audit_lines(after=5)][:2] == [6, 7]
    assert list(store.audit_lines(last=0)) == []
    assert len(list(store.audit_lines(last=10_000))) == len(everything) + 3


def test_following_the_log_shows_what_comes_and_is_recorded_once(store, reopen):
    other = reopen()
    looks = []

    def pause():
        looks.append(other.write("a", str(len(looks))))

    paths = []
    for line in store.audit_lines(last=1, follow=True, pause=pause):
        paths.append((line["type"], line["path"]))
        if len(paths) == 5:
            break
    assert paths == [
        ("response", "sys/audit"),
        *[("request", "secret/data/a"), ("response", "secret/data/a")] * 2,
    ]


def test_a_line_that_is_no_record_is_shown_as_such(store, audit_path):
    with audit_path.open("ab") as raw:
        raw.write(b"garbage\n")
    shown = list(store.audit_lines())
    assert {"unreadable": 3} in shown
    with pytest.raises(IntegrityError, match="line 3"):
        store.audit_verify()


@pytest.mark.parametrize("size", [40, 3000, 100_000])
@pytest.mark.parametrize("act", [lambda store: store.destroy("a", [1]), lambda store: store.purge("a")])
def test_a_destroyed_value_is_in_no_file_of_the_store(store, tmp_path, act, size):
    info = store.write("a", os.urandom(size))
    store.write("a", "other")
    stored = store._barrier.storage.get(f"mount/secret/value/a/{info.uuid}").value
    piece = stored[-30:]

    def holding():
        return [path.name for path in (tmp_path / "store").iterdir() if piece in path.read_bytes()]

    assert holding()
    act(store)
    assert holding() == []
    store.write("a", "goes on")
    store.audit_verify()


CHEAP_START = """
import sys
before = set(sys.modules)
from wellkept.core.local import open_store
from wellkept.barrier.seals.keyfile import KeyFileSeal
store = open_store(sys.argv[1], KeyFileSeal(sys.argv[2]))
assert store.read("a").secret.reveal() == "1"
heavy = {"dataclasses", "inspect", "pathlib", "logging", "subprocess", "asyncio", "concurrent.futures", "tempfile",
         "shutil", "uuid", "tenacity", "dotenv", "yaml", "pydantic", "socket", "ssl", "importlib.metadata", "hashlib",
         "random", "argparse", "ctypes"}
print(sorted(heavy & (set(sys.modules) - before)))
"""


def test_opening_and_reading_loads_nothing_heavy(tmp_path, store, seal):
    store.write("a", "1")
    done = subprocess.run(
        [sys.executable, "-c", CHEAP_START, str(tmp_path / "store"), seal.path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
