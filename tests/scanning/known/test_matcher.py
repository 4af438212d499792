"""Known secrets: every form at every position is found, under its name; nothing else ever is."""

import base64
import json
import os
import random
import string
import sysconfig
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellkept.scanning.known import matcher as module
from wellkept.scanning.known.build import Builder
from wellkept.scanning.known.file import Record
from wellkept.scanning.known.matcher import Matcher
from wellkept.scanning.known.windows import derive
from wellkept.secret import Secret

KEYS = derive(bytes(range(32)))
RANDOM = random.Random(6)
LETTERS = string.ascii_letters + string.digits


def token(length):
    return "".join(RANDOM.choices(LETTERS, k=length))


def matcher(values, **options):
    builder = Builder(KEYS)
    for number, value in enumerate(values):
        record = Record(f"prod/app/{number}", "3", ("current",), "@team", 1_700_000_000.0)
        builder.add(Secret(value, name=f"prod/app/{number}"), record)
    return Matcher(builder.content(0.0), KEYS, now=lambda: 1_700_000_000.0 + 10 * 86400, **options)


def names(found):
    return [hit.record.name for _, _, hit in found]


def b64(before):
    return lambda value: base64.b64encode(b"xyz"[:before] + value + b"tail").strip(b"=")


FORMS = {
    "plain": lambda value: value,
    "base64": base64.b64encode,
    "base64 after one byte": b64(1),
    "base64 after two bytes": b64(2),
    "base64url": base64.urlsafe_b64encode,
    "hex": lambda value: value.hex().encode(),
    "HEX": lambda value: value.hex().upper().encode(),
    "url": lambda value: quote(value.decode(), safe="").encode(),
    "json": lambda value: json.dumps(value.decode())[1:-1].encode(),
}
VALUES = [token(n) for n in range(8, 70)] + [
    f"postgresql://svc:{token(12)}@db.internal:5432/app",
    f"pä$$ {token(9)}/+?&\"'\\",
    f"{token(20)}+/{token(20)}==",
    "\n".join(["-----BEGIN PRIVATE KEY-----", token(64), token(64), token(40), "-----END PRIVATE KEY-----"]),
    json.dumps({"user": "svc", "password": token(14), "key": token(30)}),
]


@pytest.fixture(scope="module")
def everything():
    return matcher(VALUES)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", range(len(VALUES)))
def test_every_form_is_found_at_every_remainder_of_the_position(form, number, everything):
    body = FORMS[form](VALUES[number].encode())
    for shift in range(9):
        data = b"." * shift + b"\x00zz" + body + b"zz\xff" * 3
        found = [
            (start, end)
            for start, end, hit in everything.find(data)
            if hit.record.name == f"prod/app/{number}"
        ]
        assert found, (form, shift)
        assert all(shift <= start < end <= shift + 3 + len(body) + 2 for start, end in found)


def test_the_exact_span_and_what_is_known_of_it(everything):
    value = VALUES[12].encode()
    ((start, end, hit),) = everything.find(b"key=" + value + b";")
    assert (start, end) == (4, 4 + len(value))
    assert hit.details == {
        "path": "prod/app/12",
        "version": "3",
        "stage": "current",
        "owner": "@team",
        "form": "plain",
        "created": "2023-11-14T22:13:20Z",
        "age_days": 10,
    }
    assert VALUES[12] not in repr(hit)


def test_a_password_inside_a_connection_string_is_found_alone(everything):
    password = VALUES[62].split(":")[2].split("@")[0]
    assert names(everything.find(f"PGPASSWORD={password}".encode())) == ["prod/app/62"]


def test_the_rest_of_a_connection_string_is_no_finding(everything):
    assert (
        names(everything.find(b"postgresql://svc:changed0000@db.internal:5432/app @db.internal:5432/app"))
        == []
    )


def test_a_field_of_a_json_value_is_named(everything):
    password = json.loads(VALUES[66])["password"]
    ((_, _, hit),) = everything.find(f"x{password}x".encode())
    assert hit.details["part"] == "password"


def test_a_line_of_a_key_is_enough(everything):
    assert names(everything.find(VALUES[65].splitlines()[2].encode())) == ["prod/app/65"]


def test_half_of_a_long_value_is_a_fragment():
    value = token(200)
    made = matcher([value])
    for start in range(0, 137, 7):
        ((at, end, hit),) = made.find(b"<" + value[start : start + 63].encode() + b">")
        assert hit.details["fragment"] is True
        assert end - at >= 32


def test_a_value_longer_than_any_window_is_found_by_its_fragments():
    value = os.urandom(30_000)
    ((start, end, _),) = matcher([value]).find(b"a" * 100 + value + b"b" * 100)
    assert (start, end) == (100, 30_100)


def test_the_same_value_under_two_names_is_two_findings():
    value = token(24)
    assert sorted(names(matcher([value, value]).find(value.encode()))) == ["prod/app/0", "prod/app/1"]


def test_nearly_the_value_is_nothing(everything):
    for number in range(0, 60, 5):
        value = VALUES[number]
        for near in (value[:-1], value[1:], value.swapcase(), value[:-1] + "_", "_" + value[1:]):
            if len(value) < 63:
                assert names(everything.find(near.encode())) == []


@pytest.mark.parametrize(
    "value",
    ["password", "postgres", "00000000", "12345678", "localhost", "aaaaaaaaaaaa", "Production", "short", ""],
)
def test_what_stands_in_every_text_is_not_looked_for(value):
    assert names(matcher([value]).find(f"x = {value}; password postgres localhost 12345678".encode())) == []


def test_certificates_beside_a_key_are_no_secret():
    certificate = "\n".join(
        ["-----BEGIN CERTIFICATE-----", token(64), token(64), "-----END CERTIFICATE-----"]
    )
    made = matcher([f"{certificate}\n{VALUES[65]}"])
    assert names(made.find(certificate.encode())) == []
    assert names(made.find(VALUES[65].encode())) == ["prod/app/0"]


def test_borders_of_chunks_windows_and_threads_hide_nothing(monkeypatch):
    values = [token(n) for n in (8, 15, 22, 30, 31, 40, 64)]
    made = matcher(values, threads=3)
    monkeypatch.setattr(module, "_WORTH_A_THREAD", 1 << 17)
    data = bytearray(RANDOM.randbytes((1 << 19) + 12345))
    placed = []
    for border in (1 << 17, 1 << 18, (1 << 18) + (1 << 17), 178_878, 357_755, len(data) - 2100):
        for step, value in enumerate(values):
            at = border - 700 + 200 * step - len(value) // 2
            body = value.encode().hex().encode() if step % 2 else value.encode()
            data[at : at + len(body)] = body
            placed.append((at, at + len(body)))
    raw = bytes(data)
    assert {(start, end) for start, end, _ in made.find(raw)} == set(placed)
    for size in (1 << 13, 50_001):
        position = 0

        def read(count):
            nonlocal position
            part = raw[position : position + min(count, 10_007)]
            position += len(part)
            return part

        assert sorted((start, end) for start, end, _ in made.scan(read, window=size)) == sorted(placed)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.binary(min_size=8, max_size=90),
    before=st.binary(max_size=40),
    after=st.binary(max_size=40),
    form=st.sampled_from([n for n in FORMS if n not in ("url", "json")]),
)
def test_any_value_anywhere(value, before, after, form):
    from wellkept.scanning.known.forms import worth

    made = matcher([value])
    whole = value if worth(value) else b""
    body = FORMS[form](value)
    if whole and value.strip() == value:
        assert "prod/app/0" in names(made.find(before + body + after))


@pytest.mark.slow
def test_random_bytes_and_source_code_hold_no_secret(everything):
    assert list(everything.find(os.urandom(1 << 25))) == []
    assert list(everything.find(base64.b64encode(os.urandom(3 << 22)))) == []
    assert list(everything.find(os.urandom(1 << 22).hex().encode())) == []
    folder = sysconfig.get_paths()["stdlib"]
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                assert list(everything.find(file.read())) == []


def test_it_survives_a_fork(everything):
    pid = os.fork()
    if not pid:
        os._exit(0 if names(everything.find(VALUES[30].encode())) == ["prod/app/30"] else 1)
    assert os.waitpid(pid, 0)[1] == 0
