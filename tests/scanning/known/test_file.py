"""The fingerprint file: nothing without its key; with it, no value and no way to guess one piece by piece."""

import os
import random
import string

import numpy as np
import pytest

from wellkept.core.local import create_store
from wellkept.errors import ConfigError, IntegrityError
from wellkept.scanning.known import file as files
from wellkept.scanning.known import key as keys_
from wellkept.scanning.known.build import Builder
from wellkept.scanning.known.matcher import Matcher
from wellkept.scanning.known.store import fingerprints
from wellkept.scanning.known.windows import MIDDLE_WINDOW, WINDOW, coarse, derive
from wellkept.secret import Secret

LETTERS = string.ascii_letters + string.digits
RANDOM = random.Random(11)
KEY = bytes(32)


def token(length):
    return "".join(RANDOM.choices(LETTERS, k=length))


def content(values):
    builder = Builder(derive(KEY))
    for number, value in enumerate(values):
        builder.add(
            Secret(value, name=f"prod/{number}"), files.Record(f"prod/{number}", "1", ("current",), "", None)
        )
    return builder.content(0.0)


class Seal:
    """Keeps the root key as it is: what closes the store is not the matter here."""

    kind = "test"

    def wrap(self, root):
        return {"root": root.hex()}

    def unwrap(self, wrapped):
        return bytes.fromhex(wrapped["root"])


@pytest.fixture
def store(tmp_path):
    with create_store(tmp_path / "store", Seal()) as made:
        yield made


def test_live_and_former_versions_are_found_by_path_version_stage_and_owner(store, tmp_path):
    values = [token(24) for _ in range(4)]
    for value in values[:3]:
        store.write("prod/pay/api-key", value)
    store.write("prod/pay/other", values[3])
    store.set_metadata("prod/pay/api-key", owner="@pay")
    path = str(tmp_path / "known.wkf")
    made = fingerprints(store, path)
    assert (made.secrets, made.versions, made.unread, made.ordinary) == (2, 4, (), ())
    matcher = Matcher.load(path, keys_.from_store(store))
    found = [hit.details for _, _, hit in matcher.find(" ".join(values).encode())]
    assert [(item["path"], item["version"], item["stage"], item["owner"]) for item in found] == [
        ("prod/pay/api-key", "1", "former", "@pay"),
        ("prod/pay/api-key", "2", "previous", "@pay"),
        ("prod/pay/api-key", "3", "current", "@pay"),
        ("prod/pay/other", "1", "current", ""),
    ]
    assert all(item["age_days"] == 0 for item in found)


def test_what_could_not_be_read_and_what_is_ordinary_is_said(store, tmp_path):
    store.write("prod/a", token(20))
    store.write("prod/a", token(20))
    store.delete("prod/a", [1])
    store.write("prod/port", "8080")
    made = fingerprints(store, str(tmp_path / "f"))
    assert [name for name, _ in made.unread] == ["prod/a@1"]
    assert made.ordinary == ("prod/port@1",)


def test_every_reading_is_in_the_audit_log(store, tmp_path):
    store.write("prod/a", token(20))
    fingerprints(store, str(tmp_path / "f"))
    last = list(store.audit_lines(last=3))
    assert any("secret/data/prod/a" in str(line) for line in last)


def test_the_file_is_only_its_owners_and_replaced_whole(store, tmp_path):
    store.write("prod/a", token(20))
    path = tmp_path / "f"
    path.write_text("old")
    fingerprints(store, str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [name for name in os.listdir(tmp_path) if "partial" in name] == []


def test_without_the_key_nothing_of_the_store_shows(tmp_path):
    values = [token(40) for _ in range(20)]
    path = str(tmp_path / "f")
    files.write(path, content(values), derive(KEY))
    with open(path, "rb") as file:
        raw = file.read()
    assert b"prod/" not in raw
    assert not any(value.encode() in raw for value in values)
    with pytest.raises(IntegrityError, match="another key"):
        files.read(path, b"x" * 32)


def test_a_changed_file_is_refused(tmp_path):
    path = tmp_path / "f"
    files.write(str(path), content([token(40)]), derive(KEY))
    raw = bytearray(path.read_bytes())
    for at in (len(raw) // 2, len(raw) - 1, raw.index(b"\n") + 3):
        changed = bytearray(raw)
        changed[at] ^= 1
        path.write_bytes(bytes(changed))
        with pytest.raises(IntegrityError, match="damaged"):
            files.read(str(path), KEY)
    path.write_bytes(b"hello\n")
    with pytest.raises(ConfigError, match="no fingerprint file"):
        files.read(str(path), KEY)


def test_no_value_stands_in_the_opened_content():
    values = [token(40) for _ in range(50)]
    made = content(values)
    everything = (
        b"".join(array.tobytes() for array in made.arrays.values())
        + repr((made.records, made.labels)).encode()
    )
    assert not any(value[at : at + 5].encode() in everything for value in values for at in range(0, 36, 5))


def test_eight_bytes_of_a_long_value_cannot_be_told_from_any_others():
    """An attacker with file and key asks of each 8 bytes of a value, and of as many strangers, whatever the file can
    answer about 8 bytes: nothing is stored about so few, so both fare alike."""
    values = [token(40) for _ in range(200)]
    made = content(values)
    assert made.arrays["short_slots"].size == 0, "no filter over 8 bytes where every value is long"
    assert made.arrays["short_tags"].size == 0
    assert made.arrays["long_tags"].size >= 8 * 200
    assert (WINDOW, MIDDLE_WINDOW) == (24, 16)


def test_every_value_from_24_bytes_on_is_found_by_windows_of_its_own_16_bytes_or_more():
    for length in (24, 27, 30, 31, 60):
        made = content([token(length)])
        assert made.arrays["short_slots"].size == 0
        assert made.arrays["middle_tags"].size == (8 if length < 31 else 0)


def test_eight_bytes_of_a_short_value_are_never_confirmed():
    """Only the coarse filter speaks of 8 bytes. Of all the strangers an attacker would have to try, it lets through
    one in some hundred: so many that the right one is not known among them."""
    values = [token(16) for _ in range(2000)]
    made = content(values)
    keys = derive(KEY)
    table = np.zeros(1 << made.bits, bool)
    table[made.arrays["short_slots"]] = True

    def passing(pieces):
        words = np.frombuffer("".join(pieces).encode(), "<u8")
        return table[coarse(keys, words, made.bits).astype(np.int64)].mean()

    assert passing([value[:8] for value in values]) == 1.0
    strangers = passing([token(8) for _ in range(200_000)])
    assert strangers > 1 / 260, "fewer would confirm more than 8 bits of a guess"
    later = passing([value[at : at + 8] for value in values for at in range(1, 9)])
    assert later == pytest.approx(strangers, rel=0.35), "of any other 8 bytes nothing is known at all"


def test_whole_values_are_needed_for_a_tag(tmp_path):
    value = token(20)
    matcher = Matcher(content([value]), derive(KEY))
    assert list(matcher.find(value[:-1].encode())) == []
    assert len(list(matcher.find(value.encode()))) == 1


def test_a_key_file_is_new_private_and_read_again(tmp_path):
    path = str(tmp_path / "key")
    key = keys_.create(path)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert keys_.find(path) == key
    with open(path) as file:
        assert keys_.find(environ={keys_.VARIABLE: file.read()}) == key
    assert keys_.find(environ={}) is None
    with pytest.raises(ConfigError, match="exists"):
        keys_.create(path)
    with pytest.raises(ConfigError, match="no fingerprint key"):
        keys_.find(environ={keys_.VARIABLE: "abc"})
