"""The cache of compiled rules: used, ours alone, replaced when it is not what was written."""

import os

import pytest

from wellkept.scanning.engine import cache
from wellkept.scanning.rule import Rule

RULES = [Rule("a", "A", "p", "token_[a-z]{20}"), Rule("b", "B", "p", "other_[0-9]{20}")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "wellkept"


@pytest.fixture
def compiles(monkeypatch):
    """How often rules were compiled."""
    calls = []
    real = cache.compile_rules

    def counted(rules, **options):
        calls.append(len(rules))
        return real(rules, **options)

    monkeypatch.setattr(cache, "compile_rules", counted)
    return calls


def hits(engine):
    return engine.hits(b"token_" + b"x" * 20)


def test_the_second_start_compiles_nothing_and_finds_the_same(folder, compiles):
    first, second = cache.prepare(RULES), cache.prepare(RULES)
    assert compiles == [2]
    assert hits(first[1]) == hits(second[1]) != []
    assert first[0] == second[0]


def test_the_file_is_ours_alone(folder):
    cache.prepare(RULES)
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_other_rules_have_another_file(folder, compiles):
    cache.prepare(RULES)
    cache.prepare([RULES[0]])
    assert compiles == [2, 1]


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


DAMAGES = {
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:-100]),
    "flipped": flip,
    "empty": lambda file: file.write_bytes(b""),
    "writable by others": lambda file: file.chmod(0o666),
    "a link": lambda file: (file.rename(file.parent / "moved"), file.symlink_to(file.parent / "moved")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_as_written_is_compiled_anew(folder, compiles, damage):
    cache.prepare(RULES)
    (file,) = folder.iterdir()
    DAMAGES[damage](file)
    _, engine, problems = cache.prepare(RULES)
    assert compiles == [2, 2]
    assert problems == []
    assert hits(engine)
    assert not file.is_symlink()
    cache.prepare(RULES)
    assert compiles == [2, 2]


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    _, engine, problems = cache.prepare(RULES)
    assert [(p.kind, p.fatal) for p in problems] == [("cache", False)]
    assert hits(engine)


def test_old_files_are_removed(folder):
    for number in range(12):
        cache.prepare([RULES[0]._replace(pattern=f"token_{number}[a-z]{{9}}")])
    assert len(os.listdir(folder)) <= 9
