"""Seals: the right key opens; any other, and any file that others could have read or put there, is refused."""

from __future__ import annotations

import os
import stat
from base64 import b64encode, urlsafe_b64encode

import pytest

from wellkept.barrier.seals import Cost, KeyFileSeal, PassphraseSeal
from wellkept.errors import ConfigError, IntegrityError, InvalidRequest, Sealed, StorageUnavailable

ROOT = bytes(range(32))


# Key files.


def test_a_key_file_opens_what_it_closed(tmp_path):
    seal = KeyFileSeal.create(tmp_path / "key")
    assert KeyFileSeal(tmp_path / "key").unwrap(seal.wrap(ROOT)) == ROOT


def test_a_new_key_file_is_closed_to_others_and_so_is_its_directory(tmp_path):
    old = os.umask(0)
    try:
        KeyFileSeal.create(tmp_path / "keys" / "key")
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(tmp_path / "keys").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(tmp_path / "keys" / "key").st_mode) == 0o600


@pytest.mark.parametrize("kind", ["file", "dangling link", "directory"])
def test_a_key_is_never_written_over_anything(tmp_path, kind):
    path = tmp_path / "key"
    if kind == "file":
        path.write_text("precious")
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageUnavailable, match="already"):
        KeyFileSeal.create(path)
    assert not (tmp_path / "elsewhere").exists()
    assert kind != "file" or path.read_text() == "precious"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o777, 0o610, 0o601])
def test_a_key_file_open_to_others_is_refused_with_the_remedy(tmp_path, mode):
    seal = KeyFileSeal.create(tmp_path / "key")
    wrapped = seal.wrap(ROOT)
    os.chmod(tmp_path / "key", mode)
    for action in (lambda: seal.unwrap(wrapped), lambda: seal.wrap(ROOT)):
        with pytest.raises(Sealed, match="chmod 600"):
            action()


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_key_file_closed_to_others_is_accepted(tmp_path, mode):
    seal = KeyFileSeal.create(tmp_path / "key")
    os.chmod(tmp_path / "key", mode)
    assert seal.unwrap(seal.wrap(ROOT)) == ROOT


def test_a_key_file_of_another_user_is_refused(tmp_path):
    seal = KeyFileSeal.create(tmp_path / "key")
    if os.geteuid() != 0:
        pytest.skip("giving a file away needs root")
    os.chown(tmp_path / "key", 12345, 12345)
    with pytest.raises(Sealed, match="another user"):
        seal.wrap(ROOT)


def test_a_key_file_may_be_reached_through_a_link(tmp_path):
    seal = KeyFileSeal.create(tmp_path / "key")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    assert KeyFileSeal(tmp_path / "link").unwrap(seal.wrap(ROOT)) == ROOT


def test_a_missing_directory_pipe_or_device_as_key_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (
        tmp_path / "missing",
        tmp_path,
        tmp_path / "pipe",
        "/dev/zero",
        tmp_path / "missing" / "key",
    ):
        with pytest.raises(Sealed) as caught:
            KeyFileSeal(path).wrap(ROOT)
        assert caught.value.__context__ is None


def write_key(path, content):
    path.write_bytes(content)
    path.chmod(0o600)


@pytest.mark.parametrize(
    "form",
    [
        lambda key: key.hex(),
        lambda key: key.hex().upper(),
        lambda key: f"\n  {key.hex()}\r\n",
        lambda key: b64encode(key).decode(),
        lambda key: b64encode(key).decode().rstrip("="),
        lambda key: urlsafe_b64encode(key).decode(),
    ],
)
def test_a_key_may_be_written_as_hexadecimal_or_base64(tmp_path, form):
    key = b"\xfb\xff\xbe" + bytes(range(29))
    write_key(tmp_path / "one", key.hex().encode())
    write_key(tmp_path / "two", form(key).encode())
    assert KeyFileSeal(tmp_path / "two").unwrap(KeyFileSeal(tmp_path / "one").wrap(ROOT)) == ROOT


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"ab" * 31,
        b"ab" * 33,
        b"zz" * 32,
        b"\xff" * 64,
        bytes(32),
        b"A" * 42,
        b"!" * 44,
        b"ab" * 5000,
    ],
)
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path, content):
    write_key(tmp_path / "key", content)
    with pytest.raises(Sealed, match="not a key file") as caught:
        KeyFileSeal(tmp_path / "key").wrap(ROOT)
    assert caught.value.__context__ is None
    assert content.decode("latin-1").strip()[:6] not in str(caught.value) or not content.strip()


def test_a_wrong_key_and_a_damaged_seal_are_told_apart(tmp_path):
    seal, other = KeyFileSeal.create(tmp_path / "key"), KeyFileSeal.create(tmp_path / "other")
    wrapped = seal.wrap(ROOT)
    with pytest.raises(Sealed, match="not the key of this store"):
        other.unwrap(wrapped)
    sealed = wrapped["sealed"]
    wrapped["sealed"] = ("B" if sealed[0] == "A" else "A") + sealed[1:]
    with pytest.raises(IntegrityError):
        seal.unwrap(wrapped)


# Passphrases.


def test_a_passphrase_opens_what_it_closed_and_no_other_does(passphrase):
    wrapped = passphrase("open sesame").wrap(ROOT)
    assert passphrase("open sesame").unwrap(wrapped) == ROOT
    assert passphrase(b"open sesame").unwrap(wrapped) == ROOT
    for wrong in ("open sesame ", "Open sesame", "", "open sesam", b"\xff"):
        with pytest.raises(Sealed, match="wrong passphrase"):
            passphrase(wrong).unwrap(wrapped)


def test_a_passphrase_is_the_same_however_its_accents_are_composed(passphrase):
    assert passphrase("cafe\u0301").unwrap(passphrase("caf\u00e9").wrap(ROOT)) == ROOT


def test_an_empty_endless_or_unencodable_passphrase_is_refused_and_not_quoted(passphrase):
    for unfit in ("", b"", "x" * 70_000, "secret\udcff"):
        with pytest.raises(InvalidRequest) as caught:
            passphrase(unfit).wrap(ROOT)
        assert "secret" not in str(caught.value)
        assert caught.value.__context__ is None


def test_nothing_that_is_stored_depends_on_the_passphrase_alone(passphrase):
    first, second = passphrase("same").wrap(ROOT), passphrase("same").wrap(ROOT)
    for name in ("salt", "nonce", "sealed"):
        assert first[name] != second[name]


def test_the_default_cost_is_that_of_rfc_9106(tmp_path):
    assert PassphraseSeal(lambda: "x").cost == (64 * 1024, 3, 4)


def test_a_seal_that_cost_less_than_wanted_now_is_outdated(passphrase):
    dearer = Cost(16 * 1024, 2, 1)
    wrapped = passphrase("x").wrap(ROOT)
    assert passphrase("x", dearer).outdated(wrapped)
    assert not passphrase("x").outdated(wrapped)
    assert passphrase("x", dearer).unwrap(wrapped) == ROOT
    assert not passphrase("x").outdated(passphrase("x", dearer).wrap(ROOT))


@pytest.mark.parametrize(
    "tampered",
    [
        {"memory_kib": 1 << 40},
        {"memory_kib": 2 * 1024 * 1024},
        {"memory_kib": 1024 * 1024, "iterations": 64},
        {"memory_kib": 64},
        {"iterations": 0},
        {"iterations": -1},
        {"iterations": 1 << 31},
        {"lanes": 0},
        {"lanes": 1000},
        {"lanes": True},
        {"memory_kib": "65536"},
        {"memory_kib": 65536.0},
        {"memory_kib": None},
        {"kdf": "none"},
        {"kdf": None},
        {"salt": ""},
        {"salt": 5},
        {"salt": "AAAA"},
        {"nonce": "AAAA"},
        {"sealed": "AAAA"},
    ],
)
def test_a_tampered_cost_is_refused_before_it_is_spent_or_the_passphrase_asked(passphrase, tampered):
    wrapped = passphrase("x").wrap(ROOT) | tampered
    asked = []
    seal = PassphraseSeal(lambda: asked.append(1) or "x")
    with pytest.raises(IntegrityError):
        seal.unwrap(wrapped)
    assert not asked or set(tampered) <= {"nonce", "sealed"}


def test_a_cost_lowered_within_bounds_opens_nothing(passphrase):
    wrapped = passphrase("x", Cost(16 * 1024, 2, 1)).wrap(ROOT)
    wrapped["iterations"] = 1
    with pytest.raises(Sealed):
        passphrase("x").unwrap(wrapped)


def test_a_cost_out_of_bounds_is_a_configuration_error(passphrase):
    with pytest.raises(ConfigError):
        passphrase("x", Cost(1, 1, 1)).wrap(ROOT)


def test_seals_print_nothing_secret(passphrase, tmp_path):
    assert repr(passphrase("hidden")) == "<PassphraseSeal>"
    assert repr(KeyFileSeal(tmp_path / "key")) == f"<KeyFileSeal {tmp_path / 'key'}>"
