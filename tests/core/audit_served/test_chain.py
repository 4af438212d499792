"""Chains of several processes in one file: whole when they are, and whatever is done to the file is named."""

from __future__ import annotations

import json
import os

import pytest

from wellkept.core.audit_served.verify import verify
from wellkept.core.audit_verify import AuditBroken
from wellkept.errors import IntegrityError

RECORD = '"type":"response","path":"secret/data/app"'


@pytest.fixture
def written(place):
    """Two processes' chains, mingled, with their ends noted; and a way to verify."""
    one, two = place.broker(), place.broker(place.another())
    for number in range(6):
        one.append([f'"n":{number}'])
        two.append([f'"m":{number}', RECORD])
    one.note()
    two.note()
    return place


def check(place):
    return verify(place.log, place.keys, place.barrier)


def lines(place):
    with open(place.log, "rb") as file:
        return file.read().splitlines(keepends=True)


def rewrite(place, changed):
    """In place: a new file would be taken for a rotated one."""
    with open(place.log, "r+b") as file:
        file.truncate()
        file.write(b"".join(changed))


def test_mingled_chains_are_each_found_whole(written):
    assert check(written)[:2] == (18, 2)
    assert all(json.loads(line)["chain"] for line in lines(written))


def test_lines_behind_the_noted_end_belong_to_the_chain_too(written):
    broker = written.broker()
    broker.append([RECORD])
    broker.append([RECORD])
    assert check(written)[:2] == (20, 3)


def test_an_empty_store_has_a_whole_log(place):
    assert check(place) == (0, 0, 0)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda all: [all[0].replace(b'"n":0', b'"n":1'), *all[1:]], "changed"),
        (lambda all: all[:4] + all[5:], "dropped"),
        (lambda all: all[1:], "dropped"),
        (lambda all: [*all[:3], *all[4:7], all[3], *all[7:]], "dropped"),
        (lambda all: [*all, all[-1]], "reordered"),
        (lambda all: all[:-1], "truncated"),
        (lambda all: all[:-2], "truncated"),
        (lambda all: [], "truncated"),
        (lambda all: [*all, b'{"type":"response","path":"forged"}\n'], "changed"),
        (lambda all: [*all, b'{"chain":"0123456789abcdef","seq":1,"prev":"x","mac":"y"}\n'], "changed"),
        (lambda all: [*all[:5], all[5][:-20] + b"\n", *all[6:]], "changed"),
    ],
)
def test_whatever_is_done_to_the_file_is_noticed(written, damage, kind):
    rewrite(written, damage(lines(written)))
    with pytest.raises(AuditBroken) as caught:
        check(written)
    assert caught.value.kind == kind


def test_a_file_that_is_gone_is_missing(written):
    os.unlink(written.log)
    with pytest.raises(AuditBroken) as caught:
        check(written)
    assert caught.value.kind == "missing"


def test_an_unfinished_last_line_of_a_killed_process_is_no_damage(written):
    whole = lines(written)
    with open(written.log, "ab") as file:
        file.write(whole[0][:30])
    assert check(written).lines == 18


def test_a_chain_of_another_store_is_not_accepted(written, tmp_path):
    (tmp_path / "other").mkdir()
    other = type(written)(tmp_path / "other")
    broker = other.broker()
    broker.append([RECORD])
    with open(other.log, "rb") as foreign, open(written.log, "ab") as file:
        file.write(foreign.read())
    other.close()
    with pytest.raises(AuditBroken):
        check(written)


def test_a_note_that_is_lost_or_altered_is_damage_of_the_store(written):
    chain = json.loads(lines(written)[0])["chain"]
    mark = f"audit-served/{chain}"
    stored = written.barrier.get_mark(mark)
    written.barrier.set_mark(mark, stored[:-1] + b"0")
    with pytest.raises(IntegrityError):
        check(written)


def test_a_rotated_file_and_its_successor_are_each_whole(written):
    broker = written.broker()
    broker.append([RECORD])
    broker.note()
    os.rename(written.log, f"{written.log}.1")
    broker.append([RECORD])  # rotation has renamed the file and not yet said so
    broker.reopen()
    broker.append([RECORD])
    broker.note()
    assert check(written)[:2] == (1, 1)
    assert json.loads(lines(written)[0])["seq"] == 3
    rewrite(written, [])
    with pytest.raises(AuditBroken) as caught:
        check(written)
    assert caught.value.kind == "truncated"


def test_a_file_that_was_removed_is_made_anew_and_the_loss_shows_afterwards(written):
    broker = written.broker()
    broker.append([RECORD])
    broker.note()
    os.unlink(written.log)
    broker.append([RECORD])
    assert json.loads(lines(written)[0])["seq"] == 2
