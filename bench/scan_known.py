"""Exact matching of a store's 10,000 secrets in some 60,000 forms, in a stream of 256 MB, in one process.

Three things, for a store of generated tokens (24 to 64 characters) and for one where every third secret is a
short password (10 to 20): the speed, with one thread and with two; whether every one of 2,000 occurrences planted
anywhere, in every encoding, is found; and that nothing is reported in 1 GB of random text, random bytes and
source code. ``--small`` for a quick look.
"""

import base64
import json
import os
import random
import statistics
import string
import sys
import sysconfig
import time
from urllib.parse import quote

from bench._compare import bound, finish
from wellkept.scanning.known.build import Builder
from wellkept.scanning.known.file import Record, decode, encode
from wellkept.scanning.known.matcher import Matcher
from wellkept.scanning.known.windows import derive
from wellkept.secret import Secret

SECRETS, PLANTED = 10_000, 500 if "--small" in sys.argv else 2_000
WINDOW = 4 << 20
WANTED = 400.0  # MB/s
SMALL = "--small" in sys.argv
SIZE, SILENT = (64 << 20, 128 << 20) if SMALL else (256 << 20, 1 << 30)
ROUNDS = 3 if SMALL else 5
LETTERS = string.ascii_letters + string.digits

_random = random.Random(10_000)


def token(shortest: int, longest: int) -> str:
    return "".join(_random.choices(LETTERS, k=_random.randint(shortest, longest)))


TOKENS = [
    lambda: f"sk_live_{token(24, 24)}",
    lambda: token(32, 64),
    lambda: f"{token(20, 20)}+{token(21, 21)}/==",
    lambda: base64.b64encode(_random.randbytes(32)).decode(),
    lambda: _random.randbytes(24).hex(),
    lambda: f"{token(12, 12)}-{token(20, 30)}",
]
SHORT = [*TOKENS[:2], lambda: token(10, 20)]
FORMS = [
    lambda value: value,
    lambda value: value.hex().encode(),
    lambda value: value.hex().upper().encode(),
    *(lambda value, before=n: base64.b64encode(_random.randbytes(before) + value + b"..") for n in range(3)),
    base64.urlsafe_b64encode,
    lambda value: quote(value.decode(), safe="").encode(),
    lambda value: json.dumps(value.decode())[1:-1].encode(),
]


def main() -> None:
    for what, kinds in (("tokens", TOKENS), ("tokens and short passwords", SHORT)):
        values = [kinds[number % len(kinds)]() for number in range(SECRETS)]
        matcher = knowing(values, what)
        speed_and_completeness(matcher, values, what)
        silence(matcher, what)
    finish()


def knowing(values: list[str], what: str) -> Matcher:
    keys = derive(os.urandom(32))
    builder = Builder(keys)
    for number, value in enumerate(values):
        record = Record(f"prod/service/{number}", "1", ("current",), "@team", 0.0)
        builder.add(Secret(value, name=record.name), record)
    file = encode(builder.content(0.0), keys)
    print(
        f"{what}: {SECRETS} secrets, {builder.variants} fingerprinted forms (hexadecimal needs none), "
        f"a file of {len(file) / 1e6:.1f} MB"
    )
    return Matcher(decode(file, keys), keys)


def stream(size: int) -> bytearray:
    """Random base64 text, random bytes, and source code, a megabyte of each in turn."""
    code = source()
    data = bytearray()
    at = 0
    while len(data) < size:
        data += base64.b64encode(os.urandom(3 << 18))
        data += os.urandom(1 << 19)
        data += code[at : at + (1 << 20)]
        at = (at + (1 << 20)) % max(1, len(code) - (1 << 20))
    del data[size:]
    return data


def source() -> bytes:
    parts = []
    folders = [sysconfig.get_paths()["stdlib"]]
    for folder, _, names in os.walk(folders[0]):
        for name in names:
            if name.endswith(".py"):
                with open(os.path.join(folder, name), "rb") as file:
                    parts.append(file.read())
    return b"\n".join(parts)[: 64 << 20]


def plant(data: bytearray, values: list[str]) -> list[tuple[int, int, int]]:
    """Occurrences at random places, some across the borders of windows, chunks and threads."""
    slots = _random.sample(range(len(data) // 4096 - 1), PLANTED)
    placed = []
    for number, slot in enumerate(slots):
        chosen = _random.randrange(len(values))
        body = FORMS[number % len(FORMS)](values[chosen].encode())
        at = slot * 4096 + (4096 - len(body) // 2 if number % 2 else _random.randrange(500, 1500))
        data[at : at + len(body)] = body
        placed.append((at, at + len(body), chosen))
    return placed


def scan(matcher: Matcher, data: bytes) -> list[tuple[int, int, str]]:
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        part = data[at : at + size]
        at += len(part)
        return part

    return [(start, end, hit.record.name) for start, end, hit in matcher.scan(read, WINDOW)]


def speed_and_completeness(matcher: Matcher, values: list[str], what: str) -> None:
    data = stream(SIZE)
    placed = plant(data, values)
    whole = bytes(data)
    found: list[tuple[int, int, str]] = []
    for threads in (1, 2):
        matcher._threads = threads
        wall, cpu = [], []
        for _ in range(ROUNDS):
            begun, used = time.perf_counter(), time.process_time()
            found = scan(matcher, whole)
            wall.append(time.perf_counter() - begun)
            cpu.append(time.process_time() - used)
        speeds = [SIZE / taken / 1e6 for taken in wall]
        print(
            f"{what}: {threads} thread{'s' if threads > 1 else ''}, median {statistics.median(speeds):.0f} MB/s, "
            f"best {max(speeds):.0f} ({SIZE / statistics.median(cpu) / 1e6:.0f} MB a second of processor)"
        )
    nanoseconds = 1e3 / statistics.median(speeds)
    bound(f"{what}: {SIZE >> 20} MB in one process", nanoseconds, 1e3 / WANTED, "ns a byte")
    by_name: dict[str, list[tuple[int, int]]] = {}
    for start, end, name in found:
        by_name.setdefault(name, []).append((start, end))
    missed = [
        entry
        for entry in placed
        if not any(
            entry[0] <= start and end <= entry[1]
            for start, end in by_name.get(f"prod/service/{entry[2]}", ())
        )
    ]
    bound(f"{what}: occurrences missed of {PLANTED}", len(missed), 0, "")
    bound(f"{what}: reported where nothing was planted", len(found) - len(placed), 0, "")


def silence(matcher: Matcher, what: str) -> None:
    reported = 0
    for _ in range(SILENT // (64 << 20)):
        reported += len(scan(matcher, bytes(stream(64 << 20))))
    bound(f"{what}: reported in {SILENT >> 20} MB of random text and source code", reported, 0, "")


if __name__ == "__main__":
    main()
