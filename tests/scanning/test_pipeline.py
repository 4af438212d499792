"""The scanner as a whole: the same findings whatever the engine, the processes and the wrapping."""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import signal
import sys
import tarfile
import urllib.parse
import zipfile

import pytest

from wellkept.scanning.limits import Limits
from wellkept.scanning.location import Location
from wellkept.scanning.pipeline import Scanner
from wellkept.scanning.rule import Rule
from wellkept.scanning.targets import BaseTarget, Item
from wellkept.scanning.targets.paths import PathsTarget
from wellkept.scanning.targets.stdin import StreamTarget
from wellkept.scanning.windows import STEP

ENGINES = ["vectorscan", "fallback"]


@pytest.fixture(autouse=True)
def every_candidate_is_believed(monkeypatch):
    """Judging by context is tested with the judge; here every candidate must come through."""
    monkeypatch.setattr("wellkept.scanning.generic.judge", lambda rule, value, line, path: 0.5)


class DataTarget(BaseTarget):
    """Bytes under names."""

    name = "data"

    def __init__(self, **contents: bytes):
        self.contents = contents

    def units(self):
        yield from self.contents

    def expand(self, unit):
        yield Item(Location(unit), data=self.contents[unit])


def found(report):
    return [
        (f.rule, f.secret.reveal_bytes(), f.location.line, f.location.column, f.location.offset)
        for f in report.findings
    ]


def secrets(report):
    return sorted({f.secret.reveal_bytes() for f in report.findings})


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture
def scanner(rules, engine):
    return Scanner(rules, engine=engine)


def scan(scanner, data):
    return scanner.scan(DataTarget(x=data))


def test_each_rule_finds_what_it_should(scanner, token):
    text = b"".join(
        (
            b"first\nkey = '" + token(1) + b"'\n",
            b"GAMMA_KEY = " + b"0123456789abcdef" * 2 + b"\n",
            b"user: me\npass: hunter2hunter2\n",
            b"br" + b"12345" * 5 + b"\n",
            b"ent_" + b"a" * 20 + b" ent_Ab3dEf9hIj2LmN0pQr5t\n",
            b"wal_EXAMPLE0123456789012 wal_0123456789abcdefghij\n",
            b"PW=not-in-an-env-file\n",
            b"delta 123456-654321" + b" " * 200 + b"123456-654322\n",
            b"eth_a=abcdefghijkl eth_b=abcdefghijkl\n",
        )
    )
    report = scan(scanner, text)
    assert [(f.rule, f.secret.reveal_bytes()) for f in report.findings] == [
        ("alpha", token(1)),
        ("gamma", b"0123456789abcdef" * 2),
        ("lines", b"hunter2hunter2"),
        ("bare", b"br" + b"12345" * 5),
        ("entropy", b"Ab3dEf9hIj2LmN0pQr5t"),
        ("allowed", b"0123456789abcdefghij"),
        ("near", b"123456-654321"),
        ("either", b"abcdefghijkl"),
        ("either", b"eth_b=abcdefghijkl"),
    ]
    first = report.findings[0]
    assert (first.location.line, first.location.column, first.location.end_column) == (2, 8, 48)
    assert text[first.location.offset :].startswith(token(1))
    assert first.line == b"key = '" + token(1) + b"'"
    assert report.complete


def test_a_path_rule_looks_at_the_name(scanner):
    assert [f.rule for f in scanner.scan(DataTarget(**{"a/.env": b"PW=in-an-env-file\n"})).findings] == [
        "path"
    ]


@pytest.mark.parametrize("shift", [-60, -41, -40, -39, -20, -1, 0, 1, 20])
@pytest.mark.parametrize("border", [1, 2])
def test_nothing_is_lost_or_doubled_at_a_window_border(scanner, token, shift, border):
    at = border * STEP + shift
    data = (b"x" * 79 + b"\n") * (at // 80) + b" " * (at % 80) + token(7) + b"\n" + b"y " * STEP
    report = scan(scanner, data)
    assert found(report) == [("alpha", token(7), at // 80 + 1, at % 80 + 1, at)]


def test_a_match_across_a_border_is_not_found_again_in_part(scanner):
    data = b" " * (STEP - 30) + b"grd_" + b"a" * 60 + b" grd_bbbbbbbb" + b" " * STEP
    assert [f.secret.reveal_bytes() for f in scan(scanner, data).findings] == [
        b"grd_" + b"a" * 60,
        b"grd_bbbbbbbb",
    ]


def test_every_occurrence_in_a_large_file_is_found_with_its_line(scanner, token):
    lines = [b"line %d" % n for n in range(60_000)]
    for n in range(0, 60_000, 997):
        lines[n] += b" " + token(n)
    report = scan(scanner, b"\n".join(lines))
    assert [(f.location.line, f.secret.reveal_bytes()) for f in report.findings] == [
        (n + 1, token(n)) for n in range(0, 60_000, 997)
    ]


WRAPPED = {
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
    "base64 of base64": lambda data: base64.b64encode(base64.b64encode(data)),
    "wrapped base64": base64.encodebytes,
    "hex": lambda data: data.hex().encode(),
    "upper hex": lambda data: data.hex().upper().encode(),
    "hex escapes": lambda data: b"".join(b"\\x%02x" % c for c in data),
    "url": lambda data: b"".join(b"%%%02X" % c for c in data),
    "url of base64": lambda data: urllib.parse.quote(base64.b64encode(data)).encode().replace(b"A", b"%41"),
    "json": lambda data: b'"' + b"".join(b"\\u%04x" % c for c in data) + b'"',
    "gzip in base64": lambda data: base64.b64encode(gzip.compress(data)),
    "utf-16 in base64": lambda data: base64.b64encode(data.decode().encode("utf-16-le")),
}


@pytest.mark.parametrize("form", WRAPPED)
@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
def test_an_encoded_secret_is_found(scanner, token, form, before):
    plain = b"the key: " + before + b" " + token(3) + b" and some more text"
    encoded = WRAPPED[form](plain)
    report = scan(scanner, b"one\nvalue=" + encoded + b"\nthree\n")
    assert secrets(report) == [token(3)]
    (finding,) = report.findings
    assert finding.location.line == 2
    assert finding.location.decoded


GLUED = {
    "coloured": lambda data: b"level=\x1b[32m" + data + b"\x1b[0m",
    "coloured, many": lambda data: b"\x1b[1;31mtoken\x1b[0m \x1b[38;5;12m" + data + b"\x1b[K",
    "coloured in the middle": lambda data: data[:9] + b"\x1b[1m" + data[9:] + b"\x1b[0m",
    "quoted in a URL": lambda data: b"https://example.com/?key=%22" + data + b"%22",
    "behind one sign of a URL": lambda data: b"https://example.com/?q=key%3D" + data,
}


@pytest.mark.parametrize("form", GLUED)
def test_a_token_behind_a_sign_that_ends_in_a_letter_is_found(scanner, token, form):
    report = scan(scanner, b"one\n" + GLUED[form](token(3)) + b"\nthree\n")
    assert secrets(report) == [token(3)]
    assert report.findings[0].location.line == 2


def test_a_coloured_token_that_is_seen_as_it_stands_is_found_once(scanner, token):
    report = scan(scanner, b"\x1b[32m key \x1b[0m " + token(3) + b"\n")
    assert secrets(report) == [token(3)]
    assert not report.findings[0].location.decoded


def test_frequent_rules_find_the_same_in_both_engines(rules):
    pieces = [
        b"secret",
        b" = ",
        b"'",
        b'"',
        b":",
        b"abcdefgh",
        b"0123456789",
        b"\n",
        b" ",
        b"-x",
        b"SECRET=",
        b"\xff",
    ]
    state, out = 7, []
    for _ in range(60_000):
        state = (state * 1103515245 + 12345) % 2**31
        out.append(pieces[(state >> 13) % len(pieces)])
    reports = [scan(Scanner(rules, engine=engine), b"".join(out)) for engine in ENGINES]
    assert found(reports[0]) == found(reports[1])
    assert {f.rule for f in reports[0].findings} == {"quoted", "unquoted"}
    assert len(reports[0].findings) > 500


def test_decoding_stops_at_its_depth(rules, token):
    data = token(4) + b" filler text"
    for _ in range(3):
        data = base64.b64encode(data)
    assert secrets(scan(Scanner(rules, depth=3), data)) == [token(4)]
    assert secrets(scan(Scanner(rules, depth=2), data)) == []
    assert secrets(scan(Scanner(rules, decode=False), data)) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-16-le-bom", "utf-16-be-bom"])
def test_utf16_text_is_read(scanner, token, encoding):
    text = "line one\r\nkey " + token(5).decode() + "\r\n" + "more text\r\n" * 30_000 + token(6).decode()
    marks = {"utf-16-le-bom": b"\xff\xfe", "utf-16-be-bom": b"\xfe\xff"}
    data = marks.get(encoding, b"") + text.encode(encoding.removesuffix("-bom"))
    report = scan(scanner, data)
    assert [f.secret.reveal_bytes() for f in report.findings] == [token(5), token(6)]
    assert report.findings[0].location[1:3] == (2, 5)
    assert report.findings[0].location.decoded == ("utf-16",)


def test_a_binary_file_is_scanned_by_its_strings(scanner, token):
    noise = bytes(range(256)) * 40
    wide = ("wide " + token(8).decode() + " string").encode("utf-16-le")
    report = scan(scanner, noise + b"\0" + token(9) + b"\0" + noise + b"\0\0" + wide + b"\0\0" + noise)
    assert secrets(report) == sorted([token(8), token(9)])


def archive(kind, name, data):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(name, data)
    else:
        with tarfile.open(fileobj=out, mode="w" if kind == "tar" else f"w:{kind}") as file:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zstd(data):
    return pytest.importorskip("zstandard").ZstdCompressor().compress(data)


PACKED = {
    "zip": (lambda data: archive("zip", "m/n.txt", data), ("m/n.txt",)),
    "tar": (lambda data: archive("tar", "m/n.txt", data), ("m/n.txt",)),
    "long name": (lambda data: archive("tar", "d/" * 120 + "n.txt", data), ("d/" * 120 + "n.txt",)),
    "tar.gz": (lambda data: archive("gz", "m/n.txt", data), ("m/n.txt",)),
    "tar.xz": (lambda data: archive("xz", "m/n.txt", data), ("m/n.txt",)),
    "tar.bz2": (lambda data: archive("bz2", "m/n.txt", data), ("m/n.txt",)),
    "gz": (gzip.compress, ("pack",)),
    "two gz": (lambda data: gzip.compress(b"x") + gzip.compress(data), ("pack",)),
    "bz2": (bz2.compress, ("pack",)),
    "xz": (lzma.compress, ("pack",)),
    "zst": (zstd, ("pack",)),
    "tar in zip": (lambda d: archive("zip", "a.tar", archive("tar", "n.txt", d)), ("a.tar", "n.txt")),
    "zip in tar.gz": (lambda d: archive("gz", "a.jar", archive("zip", "n.txt", d)), ("a.jar", "n.txt")),
    "zip in zip in zip": (
        lambda d: archive("zip", "b", archive("zip", "a", archive("zip", "n", d))),
        ("b", "a", "n"),
    ),
}


@pytest.mark.parametrize("kind", PACKED)
def test_an_archive_is_looked_into_in_memory_and_on_disk(scanner, token, kind, tmp_path):
    pack, inside = PACKED[kind]
    content = b"text\n" * 50_000 + token(2) + b"\n"
    (tmp_path / "pack").write_bytes(pack(content))
    on_disk = scanner.scan(PathsTarget([str(tmp_path / "pack")]))
    in_memory = scanner.scan(DataTarget(pack=pack(content)))
    for report in (on_disk, in_memory):
        assert report.problems == []
        assert [(f.secret.reveal_bytes(), f.location.line) for f in report.findings] == [(token(2), 50_001)]
        assert report.findings[0].location.inside == inside


@pytest.mark.parametrize("kind", [kind for kind in PACKED if kind not in ("long name",)])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_archive_is_never_silently_clean(scanner, token, kind, share, tmp_path):
    pack, _ = PACKED[kind]
    data = pack(os.urandom(300_000))
    (tmp_path / "pack").write_bytes(data[: int(len(data) * share)])
    report = scanner.scan(PathsTarget([str(tmp_path / "pack")]))
    assert {problem.kind for problem in report.problems} == {"archive-corrupt"}
    assert not report.complete


def test_an_archive_that_cannot_be_opened_is_said(scanner):
    report = scan(scanner, b"7z\xbc\xaf\x27\x1c" + b"x" * 1000)
    assert [p.kind for p in report.problems] == ["archive-unknown"]


def test_an_encrypted_member_is_said(scanner):
    data = bytearray(archive("zip", "n", b"content"))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert [p.kind for p in scan(scanner, bytes(data)).problems] == ["archive-corrupt"]


def test_bombs_end_at_their_bounds(rules, token):
    limits = Limits(expanded=8 << 20, nesting=3, members=50, ratio_free=1 << 20)
    scanner = Scanner(rules, limits=limits)
    bomb = gzip.compress(bytes(64 << 20))
    nested = archive("zip", "n", token(1))
    for level in range(6):
        nested = archive("zip", f"{level}.zip", nested)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as file:
        for number in range(100):
            file.writestr(str(number), b"x")
    for data in (
        bomb,
        archive("zip", "b.gz", bomb),
        archive("gz", "zeros", bytes(64 << 20)),
        nested,
        many.getvalue(),
    ):
        report = scan(scanner, data)
        assert [p.kind for p in report.problems] == ["bound-reached"], data[:4]


def test_a_tar_header_of_gigabytes_is_refused(scanner):
    info = tarfile.TarInfo("x")
    info.type, info.size = b"x", 5 << 30
    report = scan(scanner, info.tobuf() + b"\0" * 5000)
    assert [p.kind for p in report.problems] == ["bound-reached"]


def test_a_sparse_file_of_ten_gigabytes_costs_nothing(scanner, token, tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.write(token(1))
        file.seek(7 << 30)
        file.write(b"\n" + token(2) + b"\n")
        file.truncate(10 << 30)
    if path.stat().st_blocks > 10_000:
        pytest.skip("the file system has no sparse files")
    report = scanner.scan(PathsTarget([str(path)]))
    assert [f.location.offset for f in report.findings] == [0, (7 << 30) + 1]
    assert report.stats.bytes < 64 << 20
    assert report.complete


@pytest.fixture
def tree(tmp_path, token):
    """Files of all sorts, each with its own tokens."""
    root = tmp_path / "tree"
    for number in range(60):
        folder = root / f"d{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{number}.txt").write_bytes(
            b"text\n" * (number * 37) + token(number) + b"\nrest\n" * number
        )
    (root / "a.zip").write_bytes(archive("zip", "in.txt", token(100)))
    (root / "b64").write_bytes(base64.b64encode(b"token: " + token(101)))
    (root / "large").write_bytes(b"some words\n" * 60_000 + token(102))
    (root / os.fsdecode(b"new\nline\x1b[31m\xff")).write_bytes(token(103))
    return root


def test_the_same_findings_with_1_and_8_processes_and_with_the_fallback(rules, tree):
    reports = [
        Scanner(rules, engine=engine, jobs=jobs).scan(PathsTarget([str(tree)]))
        for engine in ENGINES
        for jobs in (1, 2, 8)
    ]
    assert len(reports[0].findings) == 64
    for report in reports:
        assert found(report) == found(reports[0])
        assert [f.location for f in report.findings] == [f.location for f in reports[0].findings]
        assert report.complete
        assert report.stats.files == 64


def test_the_same_findings_from_a_tree_and_a_tar_of_it(rules, tree, tmp_path):
    scanner = Scanner(rules)
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as file:
        file.add(tree, "tree")
    plain = scanner.scan(PathsTarget([str(tree)]))
    packed = scanner.scan(PathsTarget([str(tmp_path / "t.tar.gz")]))
    assert sorted(found(plain)) == sorted(found(packed))
    assert packed.complete


def test_a_stream_that_gives_little_at_a_time_gives_the_same(rules, token):
    data = b"words and words\n" * 30_000 + token(1) + b"\n" + b"x " * 500 + token(2)
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        os.close(read_end)
        with open(write_end, "wb", buffering=0) as pipe:
            for at in range(0, len(data), 1777):
                pipe.write(data[at : at + 1777])
        os._exit(0)
    os.close(write_end)
    with open(read_end, "rb", buffering=0) as stream:
        report = Scanner(rules).scan(StreamTarget(stream))
    os.wait()
    assert found(report) == found(scan(Scanner(rules), data))
    assert len(report.findings) == 2


class HostileTarget(BaseTarget):
    """One item kills its worker, one hangs it; the others are as usual."""

    name = "hostile"

    def __init__(self, deed: str, token):
        self.deed = deed
        self.token = token

    def units(self):
        yield from range(20)

    def expand(self, unit):
        for part in range(3):
            opener = self._deadly if (unit, part) == (7, 1) else None
            data = None if opener else self.token(unit * 3 + part)
            yield Item(Location(f"{unit:02}/{part}"), data=data, open=opener)

    def _deadly(self):
        if self.deed == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        signal.pause()


@pytest.mark.parametrize(("deed", "kind"), [("die", "worker"), ("hang", "timeout")])
def test_a_worker_that_dies_or_hangs_is_reported_and_the_rest_is_scanned(rules, token, deed, kind):
    scanner = Scanner(rules, jobs=2, limits=Limits(timeout=0.2))
    report = scanner.scan(HostileTarget(deed, token))
    assert [(p.kind, p.subject) for p in report.problems] == [(kind, "07/1")]
    assert len(report.findings) == 59
    assert not report.complete


def test_an_item_that_takes_too_long_is_reported_and_what_was_found_kept(rules, token):
    scanner = Scanner(rules, limits=Limits(timeout=0.0))
    report = scan(scanner, b" " * STEP * 4)
    assert [p.kind for p in report.problems] == ["timeout"]


class RaisingTarget(BaseTarget):
    name = "raising"

    def units(self):
        yield 1

    def expand(self, unit):
        yield Item(Location("fine"), data=b"x")
        raise ValueError("the message might quote content")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_target_that_raises_is_a_problem_without_its_words(rules, jobs):
    (problem,) = Scanner(rules, jobs=jobs).scan(RaisingTarget()).problems
    assert problem.kind == "unreadable"
    assert "quote" not in problem.message


def test_nothing_to_scan_is_a_problem(rules, tmp_path):
    assert [p.kind for p in Scanner(rules).scan(PathsTarget([str(tmp_path)])).problems] == ["empty"]


def test_a_bad_rule_is_named_and_the_others_work(token, rules, engine):
    bad = [
        Rule("bad", "Bad", "x", "a(b"),
        Rule("empty", "Empty", "x", "a*"),
        Rule("nc", "NC", "x", "abc", check="none"),
    ]
    report = scan(Scanner([*rules, *bad], engine=engine), token(1))
    assert {(p.kind, p.subject) for p in report.problems} == {
        ("rule", "bad"),
        ("rule", "empty"),
        ("rule", "nc"),
    }
    assert secrets(report) == [token(1)]
    assert not report.complete


def test_a_rule_that_vectorscan_refuses_still_finds(token):
    rule = Rule("wide", "Wide", "x", r"(?:key|\Aquay)\s*=\s*(?P<secret>[a-z]{10})\b", ("key",))
    for engine in ENGINES:
        assert secrets(scan(Scanner([rule], engine=engine), b"\n key = abcdefghij \n")) == [b"abcdefghij"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_pathological_pattern_takes_linear_time(engine):
    rule = Rule("evil", "Evil", "x", r"key=(?:[a-z]+)+(?:[a-z]+)+=!", ("key=",))
    report = scan(Scanner([rule], engine=engine), b"key=" + b"a" * 100_000)
    assert report.findings == []
    assert report.complete


def test_large_files_above_the_limit_are_said(rules, tmp_path):
    (tmp_path / "x").write_bytes(b"x" * 2000)
    (problem,) = Scanner(rules, max_file_size=1000).scan(PathsTarget([str(tmp_path)])).problems
    assert (problem.kind, problem.fatal) == ("skipped-large", True)


def test_findings_do_not_show_nor_ship_their_secret(rules, token):
    import pickle

    report = scan(Scanner(rules), token(1))
    assert token(1).decode() not in repr(report) + str(report.findings)
    with pytest.raises(TypeError):
        pickle.dumps(report.findings[0])
    with pytest.raises(TypeError):
        json.dumps(report.findings[0])


class Known:
    """Knows one value."""

    overlap = 64

    def __init__(self, value):
        self.details = {"path": "prod/db", "version": 3}
        self.value = value

    def find(self, data):
        at = data.find(self.value)
        while at >= 0:
            yield at, at + len(self.value), self
            at = data.find(self.value, at + 1)


@pytest.mark.parametrize("shift", [-10, -5, 0, 5])
def test_known_secrets_are_found_once_wherever_they_stand(rules, shift):
    data = b" " * (STEP + shift) + b"knownvalue" + b" " * STEP
    report = Scanner(rules, known=Known(b"knownvalue")).scan(DataTarget(x=data))
    (finding,) = report.findings
    assert (finding.rule, finding.name, finding.confidence) == ("known", "prod/db", 1.0)
    assert finding.details["known"]["version"] == 3
    assert finding.location.offset == STEP + shift


def test_without_any_optional_package_the_findings_are_the_same(rules, tree, monkeypatch):
    from wellkept.scanning.engine import confirm

    expected = Scanner(rules).scan(PathsTarget([str(tree)]))
    for package in ("hyperscan", "re2", "ahocorasick"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(confirm, "_re2", [])
    report = Scanner(rules).scan(PathsTarget([str(tree)]))
    assert report.stats.engine == "fallback"
    assert [(p.kind, p.fatal) for p in report.problems] == [("engine", False)]
    assert found(report) == found(expected)


def test_importing_the_pipeline_loads_nothing_heavy():
    import subprocess

    code = (
        "import sys, wellkept.scanning.pipeline, wellkept.scanning.targets.paths;"
        "print([m for m in ('json','tomllib','zipfile','tarfile','multiprocessing','numpy','yaml','subprocess',"
        "'dataclasses','inspect','logging','re2','ahocorasick','tempfile','asyncio') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
