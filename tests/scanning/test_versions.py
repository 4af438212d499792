"""Comparing versions of a file finds what scanning each of them whole finds."""

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.scanning.content import ContentScanner
from wellkept.scanning.engine.cache import prepare
from wellkept.scanning.engine.matcher import Matcher
from wellkept.scanning.limits import Limits
from wellkept.scanning.location import Location
from wellkept.scanning.rule import load_builtin
from wellkept.scanning.spans import gaps, runs
from wellkept.scanning.tall import is_tall
from wellkept.scanning.targets import Item

pytest.importorskip("hyperscan")


def _pem(seed):
    body = base64.b64encode(seed.randbytes(640)).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN TEST KEY-----\n{lines[:800]}\n-----END TEST KEY-----\n".encode()


def _secrets(seed, token):
    one = token(seed.randrange(50))
    return seed.choice(
        [
            one,
            b"user: ada\npass: " + token(seed.randrange(50))[4:30] + b"\n",
            _pem(seed),
            base64.encodebytes(b"some words before it, then " + one + b", and some more words behind it"),
            base64.b64encode(_pem(seed)) + b"\n",
            base64.encodebytes(_pem(seed)),
            b'secret_name = "' + one[4:30] + b'"\n',
            b"delta\n" + b"123456-654321\n",
            b"a\xc3\xa4" + one[:-4] + b"\n",
            b"%61%6c%70_" + one[4:] + b"\n",
            b'{"a": "x\\u002f\\"' + one + b'"}\n',
        ]
    )


def _line(seed):
    words = [
        "return",
        "value",
        "if x:",
        "",
        "}",
        "    pass",
        "secret",
        "name = 1",
        "# a remark",
        "import os",
        "-----",
    ]
    return (" ".join(seed.choices(words, k=seed.choice((0, 1, 2, 4, 12)))) + "\n").encode()


def _edited(data, seed, token):
    """Some edits: lines and secrets put in, cut out, moved, bytes changed in the middle of whatever stands there."""
    for _ in range(seed.choice((1, 1, 2, 4))):
        at = seed.randrange(len(data) + 1)
        if seed.random() < 0.7:
            at = data.rfind(b"\n", 0, at) + 1
        kind = seed.randrange(6)
        if kind == 0:
            data = data[:at] + _secrets(seed, token) + data[at:]
        elif kind == 1:
            data = data[:at] + b"".join(_line(seed) for _ in range(seed.choice((1, 3)))) + data[at:]
        elif kind == 2:
            data = data[:at] + data[at + seed.choice((1, 3, 40, 400)) :]
        elif kind == 3:
            data = data[:at] + bytes([seed.randrange(32, 127)]) + data[at + 1 :]
        elif kind == 4:
            part = data[at : at + seed.choice((40, 700, 3000))]
            to = seed.randrange(len(data) + 1)
            data = data[:to] + part + data[to:]
        else:
            size = seed.choice((1, 30, 200))
            data = data[:at] + data[at + size : at + 2 * size] + data[at : at + size] + data[at + 2 * size :]
    return data


def _scanner(rules):
    compiled, engine, problems = prepare(rules, engine="vectorscan")
    assert not problems
    return ContentScanner(Matcher(compiled, engine), Limits())


def _both(scanner, other, versions):
    """What comes of each version whole, and of each compared with the one before."""
    for number, data in enumerate(versions):
        origin = Location(path="src/app.py", commit=str(number))
        whole = list(scanner.scan(Item(origin, data=data, size=len(data))))
        compared = list(
            other.scan(Item(origin, data=data, size=len(data), version=(f"v{number}", f"v{number - 1}")))
        )
        yield whole, compared


@pytest.mark.parametrize("start", range(8))
def test_the_findings_of_versions_that_are_compared_are_those_of_each_scanned_whole(rules, token, start):
    seed = random.Random(start)
    scanner, other = _scanner(rules), _scanner(rules)
    for _ in range(30):
        data = b"".join(_line(seed) for _ in range(seed.choice((20, 300, 900))))
        versions = [data]
        for _ in range(6):
            versions.append(_edited(versions[-1], seed, token))
        for whole, compared in _both(scanner, other, versions):
            assert sorted(map(repr, compared)) == sorted(map(repr, whole))
    assert other._versions is not None
    assert other._versions.spared > 10_000  # it was compared indeed


def test_moved_findings_have_the_place_that_they_have_now(rules, token):
    lines = [b"line %d\n" % number for number in range(900)]
    lines[400] = b'key = "' + token(3) + b'"\n'
    old = b"".join(lines)
    new = b"".join([b"new\n", b"new\n", *lines[:100], *lines[130:]])
    other = _scanner(rules)
    list(other.scan(Item(Location(path="a.py"), data=old, version=("1", ""))))
    (hit,) = list(other.scan(Item(Location(path="a.py", commit="c"), data=new, version=("2", "1"))))
    assert other._versions.spared == len(new)
    assert hit.location.line == 373
    assert hit.location.column == 8
    assert new[hit.location.offset :].startswith(token(3))
    assert hit.location.commit == "c"


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=40), st.lists(st.integers(0, 6), max_size=12), st.lists(st.integers(0, 6), max_size=12)
)
def test_runs_are_the_same_bytes_in_the_same_order(noise, one, other):
    lines = [b"a line of some length, the %dth, and a bit more\n" % number for number in range(6)] + [noise]
    old, new = (b"".join(lines[number] for number in order) for order in (one, other))
    shared = runs(old, new)
    in_old = in_new = 0
    for run in shared:
        assert run.old >= in_old
        assert run.new >= in_new
        assert old[run.old : run.old + run.size] == new[run.new : run.new + run.size]
        in_old, in_new = run.old + run.size, run.new + run.size
    assert in_old <= len(old)
    assert in_new <= len(new)
    assert bool(list(gaps(shared, len(old), len(new)))) == (old != new)


def test_rules_that_see_far_are_told_by_their_patterns():
    tall = {rule.id for rule in load_builtin() if is_tall(rule.pattern, 1 << 14)}
    assert {"private-key-rsa", "private-key-putty", "openvpn-static-key"} <= tall
    assert not tall & {"jwt", "pypi-token", "grafana-cloud-token"}


@pytest.mark.parametrize("distance", [0, 1, 8, 18])
def test_a_change_lines_away_from_a_match_is_seen(rules, token, distance):
    begin = b"-----BEGIN " + b"TEST KEY-----\n"
    body = [base64.b64encode(bytes([65 + at]) * 30) + b"\n" for at in range(distance + 1)] + [
        b"A" * 64 + b"\n"
    ]
    filler = [b"line %d of something\n" % number for number in range(400)]
    old = b"".join([*filler, begin, *body, b"-----END TEST KE?-----\n", *filler])
    new = old.replace(b"KE?", b"KEY")
    scanner = _scanner(rules)
    assert not list(scanner.scan(Item(Location(path="a"), data=old, version=("1", ""))))
    found = list(scanner.scan(Item(Location(path="a"), data=new, version=("2", "1"))))
    assert "pem" in {rules[hit.rule].id for hit in found}
