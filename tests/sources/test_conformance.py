"""The sources of this package that need no server, held against the public suite."""

import os
import stat

import pytest

from wellkept.barrier.seals.keyfile import KeyFileSeal
from wellkept.core.local import create_store
from wellkept.sources.chain import ChainSource
from wellkept.sources.dir import DirSource
from wellkept.sources.dotenv import DotenvSource
from wellkept.sources.env import EnvSource
from wellkept.sources.names import env_name
from wellkept.sources.store import StoreSource
from wellkept.testing.source_conformance import SourceConformance, SourceHarness

as_root = os.geteuid() == 0


class EnvHarness(SourceHarness):
    def __init__(self):
        self.environ = {}

    def open(self):
        return EnvSource(environ=self.environ)

    def put(self, name, value):
        if isinstance(value, bytes):
            raise NotImplementedError
        self.environ[env_name(name)] = value

    def remove(self, name):
        del self.environ[env_name(name)]

    def can_list(self):
        return False  # it lists, but the variables' own names


class TestEnv(SourceConformance):
    @pytest.fixture
    def harness(self):
        return EnvHarness()


class DotenvHarness(EnvHarness):
    def __init__(self, path):
        super().__init__()
        self.path = path
        self.write()

    def open(self):
        return DotenvSource(str(self.path))

    def put(self, name, value):
        super().put(name, value)
        self.write()

    def remove(self, name):
        super().remove(name)
        self.write()

    def write(self):
        from wellkept.formats.envfile import write

        self.path.write_bytes(write(self.environ))

    def garble(self, name):
        self.path.write_text("THIS IS='no assignment\n")

    def deny(self, name):
        if as_root:
            raise NotImplementedError
        self.path.chmod(0)


class TestDotenv(SourceConformance):
    @pytest.fixture
    def harness(self, tmp_path):
        return DotenvHarness(tmp_path / ".env")


class DirHarness(SourceHarness):
    def __init__(self, path):
        self.path = path

    def open(self):
        return DirSource(str(self.path))

    def put(self, name, value):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(".fresh")
        fresh.write_bytes(value if isinstance(value, bytes) else value.encode())
        fresh.replace(path)

    def remove(self, name):
        (self.path / name).unlink()

    def deny(self, name):
        if as_root:
            raise NotImplementedError
        (self.path / name).chmod(0)

    def garble(self, name):
        (self.path / name).unlink()
        os.mkfifo(self.path / name, stat.S_IRUSR | stat.S_IWUSR)


class TestDir(SourceConformance):
    @pytest.fixture
    def harness(self, tmp_path):
        return DirHarness(tmp_path)


class KubernetesHarness(DirHarness):
    """As the kubelet writes: each change is a new directory, and ``..data`` is swapped to it."""

    def __init__(self, path):
        super().__init__(path)
        self.generation = 0
        self.values = {}
        self.swap()

    def put(self, name, value):
        self.values[name.replace("/", ".")] = value if isinstance(value, bytes) else value.encode()
        self.swap()

    def remove(self, name):
        del self.values[name]
        self.swap()
        (self.path / name).unlink()

    def swap(self):
        old = f"..{self.generation}"
        self.generation += 1
        fresh = self.path / f"..{self.generation}"
        fresh.mkdir()
        for name, value in self.values.items():
            (fresh / name).write_bytes(value)
        link = self.path / "..data_tmp"
        link.symlink_to(fresh.name)
        link.replace(self.path / "..data")
        for name in self.values:
            if not (self.path / name).is_symlink():
                (self.path / name).symlink_to(f"..data/{name}")
        if (self.path / old).is_dir():
            for entry in (self.path / old).iterdir():
                entry.unlink()
            (self.path / old).rmdir()

    name = "app.password"
    unicode_name = "größe-数据-🔑"

    def deny(self, name):
        raise NotImplementedError

    def garble(self, name):
        raise NotImplementedError


class TestKubernetesMount(SourceConformance):
    @pytest.fixture
    def harness(self, tmp_path):
        return KubernetesHarness(tmp_path)


class StoreHarness(SourceHarness):
    def __init__(self, path, monkeypatch):
        self.directory = str(path / "store")
        key = str(path / "key")
        KeyFileSeal.create(key)
        monkeypatch.setenv("WELLKEPT_KEY_FILE", key)
        self.store = create_store(self.directory, KeyFileSeal(key))
        self.rules = {
            "secret/data/prod/*": {"capabilities": ["read"]},
            "secret/metadata/prod/*": {"capabilities": ["list"]},
        }
        self.store.set_policy("app", {"path": self.rules})

    def open(self):
        return StoreSource(self.directory, prefix="prod", policies=["app"])

    def deny(self, name):
        self.rules[f"secret/data/prod/{name}"] = {"capabilities": ["deny"]}
        self.store.set_policy("app", {"path": self.rules})

    def put(self, name, value):
        self.store.write(f"prod/{name}", value)

    def remove(self, name):
        self.store.purge(f"prod/{name}")

    def keeps_versions(self):
        return True

    def reads(self):
        with open(os.path.join(self.directory, "audit.jsonl")) as file:
            return sum('"operation":"read"' in line.replace(" ", "") for line in file)


class TestStore(SourceConformance):
    @pytest.fixture
    def harness(self, tmp_path, monkeypatch):
        harness = StoreHarness(tmp_path, monkeypatch)
        yield harness
        harness.store.close()


class ChainHarness(EnvHarness):
    def open(self):
        return ChainSource([EnvSource(environ={"OTHER": "value"}), EnvSource(environ=self.environ)])


class TestChain(SourceConformance):
    @pytest.fixture
    def harness(self):
        return ChainHarness()
