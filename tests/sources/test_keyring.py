"""``keyring:`` through the real library, on a backend in memory: no key ring of this machine is touched."""

import importlib
import os
import re
import sys

import pytest

from wellkept.errors import ConfigError, Denied, NotFound, Unavailable
from wellkept.sources.registry import open_source
from wellkept.testing.source_conformance import SourceConformance, SourceHarness

keyring = pytest.importorskip("keyring", reason="pip install keyring")
for room in ("backend", "backends.fail", "backends.null", "errors"):
    importlib.import_module(f"keyring.{room}")

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "sources", "keyring.md")


class MemoryKeyring(keyring.backend.KeyringBackend):
    """The library's own interface over a dictionary; ``failure`` is raised in place of any answer."""

    priority = 0.1

    def __init__(self):
        super().__init__()
        self.entries = {}
        self.failure = None
        self.asked = 0

    def get_password(self, service, username):
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self.entries[service, username] = password

    def delete_password(self, service, username):
        if self.entries.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


@pytest.fixture
def use():
    """``use(backend)``: the library's key ring until the end of the test."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def memory(use):
    backend = MemoryKeyring()
    use(backend)
    return backend


class KeyringHarness(SourceHarness):
    def __init__(self, backend):
        self.backend = backend

    def open(self):
        return open_source("keyring:billing?prefix=dev")

    def put(self, name, value):
        if isinstance(value, bytes):
            raise NotImplementedError  # key rings hold text
        keyring.set_password("billing", f"dev/{name}", value)

    def remove(self, name):
        keyring.delete_password("billing", f"dev/{name}")

    def deny(self, name):
        self.backend.failure = keyring.errors.KeyringLocked("locked")

    def refuse(self):
        self.backend.failure = keyring.errors.InitError("no bus")

    def restore(self):
        self.backend.failure = None

    def reads(self):
        return self.backend.asked

    def can_list(self):
        return False


class TestKeyring(SourceConformance):
    @pytest.fixture
    def harness(self, memory):
        return KeyringHarness(memory)


def test_what_the_library_writes_is_read(memory):
    keyring.set_password("billing", "DATABASE_URL", "the url")
    source = open_source("keyring:billing")
    assert source.read("DATABASE_URL").reveal() == "the url"
    for other in ("database_url", "DATABASE"):
        with pytest.raises(NotFound, match="no such entry"):
            source.read(other)
    with pytest.raises(NotFound):
        open_source("keyring:other").read("DATABASE_URL")


def test_a_locked_key_ring_is_denied_and_not_absent(memory):
    memory.failure = keyring.errors.KeyringLocked("planted-text")
    with pytest.raises(Denied, match="unlock") as caught:
        open_source("keyring:billing").read("DATABASE_URL")
    assert "planted-text" not in repr([caught.value, caught.value.__context__, caught.value.__cause__])


@pytest.mark.parametrize(
    "failure",
    [keyring.errors.InitError("t"), keyring.errors.KeyringError("t"), OSError("t"), RuntimeError("t")],
)
def test_any_other_failure_is_unavailable(memory, failure):
    memory.failure = failure
    with pytest.raises(Unavailable, match=type(failure).__name__) as caught:
        open_source("keyring:billing").read("DATABASE_URL")
    assert caught.value.__context__ is None


def test_without_a_backend_it_says_how_to_get_one(use):
    use(keyring.backends.fail.Keyring())
    with pytest.raises(ConfigError, match="PYTHON_KEYRING_BACKEND") as caught:
        open_source("keyring:billing").read("DATABASE_URL")
    assert caught.value.__context__ is None


def test_a_key_ring_that_is_switched_off_does_not_make_secrets_absent(use):
    use(keyring.backends.null.Keyring())
    with pytest.raises(ConfigError, match="switched off"):
        open_source("keyring:billing").read("DATABASE_URL")


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"wellkept\[keyring\]"):
        open_source("keyring:billing")


def test_whoami_names_the_backend(memory):
    assert open_source("keyring:billing").whoami().endswith("MemoryKeyring")


@pytest.mark.parametrize("url", ["keyring:", "keyring:a?service=b", "keyring:a?prefix=../b"])
def test_what_is_no_service_is_refused_when_opened(url):
    with pytest.raises(ConfigError):
        open_source(url)


def test_it_cannot_list(memory):
    with pytest.raises(ConfigError, match="cannot list"):
        open_source("keyring:billing").list()


def test_the_example_on_the_page_runs(memory):
    with open(PAGE) as file:
        page = file.read()
    ((service, name),) = re.findall(r"^keyring set (\S+) (\S+)$", page, re.MULTILINE)
    keyring.set_password(service, name, "the url")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names = {}
    exec(compile(code, "keyring.md", "exec"), names)
    assert names["url"] == "the url"
    names["secrets"].close()
