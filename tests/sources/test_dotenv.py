"""Every value is compared with what python-dotenv itself gives for the same file."""

import os
import subprocess
import sys

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellkept.errors import Malformed, NotFound
from wellkept.sources.dotenv import DotenvSource, parse, parse_dotenv
from wellkept.sources.registry import open_source

TRICKY = {
    "comments": "# one\nA=1 # two\nB=1#2\nC='#3' # four\n  # five\nD=#6\nE= # seven\n",
    "export": "export A=1\nexport  B='2'\n export C=3\nexport=4\n",
    "quotes": "A='s $x \"q\" \\' \\n'\nB=\"d 'q' \\\" \\n \\t \\\\\"\nC=a'b\"c\nD=''\nE=\"\"\nF='a'\n",
    "multi-line": "A='one\ntwo\n\nthree'\nB=\"x\ny\"\nC=3\n",
    "multi-line, CRLF": "A='one\r\ntwo'\r\nB=\"x\r\n y\"\r\nC=3\r\n",
    "lone CR": "A=1\rB='2\r3'\rC=4",
    "variables": "A=a\nB=${A}b\nC='${A}${B}'\nD=${NOT_THERE}x\nE=${NOT_THERE:-def}\nF=${A:-def}\nG=$A\nH=${H}h\n",
    "variables from the environment": "A=${FROM_OUTSIDE}\nFROM_OUTSIDE=inside\nB=${FROM_OUTSIDE}\n",
    "variable without value": "A\nB=${A}b\nC=${A:-c}\n",
    "BOM": "\ufeffA=1\nB=2\n",
    "BOM, CRLF": "\ufeffA=1\r\nB='x\r\ny'\r\n",
    "UTF-8": "GRÜSSE=schöne Größe\nKEY='数据 🔑'\nB=\"\\u00e9 é\"\n",
    "no line end": "A=1\nB=2",
    "empty": "",
    "only comments": "# a\n\n   \n#b",
    "spaces": "  A = 1  \nB= ' x ' \nC\t=\t3\n\tD=4\n",
    "twice": "A=1\nB=${A}\nA=2\nC=${A}\n",
    "quoted keys": "'A'=1\n'B C'=2\n",
    "equals": "A=a=b==\nB='='\n",
    "odd keys": "a.b=1\na-b=2\na/b=3\n1=4\n",
    "unicode spaces": "A=1\u00a0\nB=\u20032\n",
    "form feed": "A=1\x0cB\n\x0bC=2\n",
    "line separators": "A=1\u2028B=2\nC='3\u20294'\x85\n",
}


@pytest.mark.parametrize("content", TRICKY.values(), ids=TRICKY)
def test_values_are_python_dotenvs(tmp_path, monkeypatch, content):
    monkeypatch.setenv("FROM_OUTSIDE", "outside")
    path = tmp_path / ".env"
    path.write_bytes(content.encode())
    expected = dict(dotenv_values(path, encoding="utf-8"))
    assert parse(path.read_bytes().decode(), str(path)) == expected
    source = DotenvSource(str(path))
    for name, value in expected.items():
        if value is None:
            with pytest.raises(NotFound, match="without '='"):
                source.read(name)
        else:
            assert source.read(name).reveal() == value
    assert source.list() == sorted(name for name, value in expected.items() if value is not None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    lines=st.lists(
        st.text(alphabet=st.sampled_from("AB=#'\"\\ \n\r\t${}:-xexport é\ufeff"), max_size=12), max_size=6
    )
)
def test_any_text_gives_python_dotenvs_values_or_is_refused(tmp_path, lines):
    path = tmp_path / ".env"
    path.write_bytes("\n".join(lines).encode())
    content = path.read_bytes().decode()
    expected = dict(dotenv_values(path, encoding="utf-8"))
    try:
        found = parse(content, ".env")
    except Malformed:
        return
    assert found == expected


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("A=1\nnot s3cret an assignment\nB=2\n", "line 2"),
        ("A='s3cret\nB=2\n", "line 1"),
        ("A=1\n\n\n# x\n\n=value\n", "line 6"),
        ("A=1\r\n\r\nB='x' y\r\n=c\r\n", "lines 3, 4"),
        ("A='one\ntwo'\nbad line\n", "line 3"),
        ("\ufeffbad line\n", "line 1"),
        (
            "x y\n" * 30,
            "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 10 more",
        ),
    ],
)
def test_a_malformed_line_is_refused_by_file_and_number_and_not_quoted(tmp_path, content, lines):
    path = tmp_path / ".env"
    path.write_bytes(content.encode())
    with pytest.raises(Malformed) as caught:
        DotenvSource(str(path)).read("A")
    message = str(caught.value)
    assert f"{path}: {lines} cannot be read" in message
    assert "s3cret" not in message
    assert caught.value.__context__ is None


def test_what_is_not_utf8_is_refused_by_line_and_not_quoted(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\nB=s3cret\xff\nC=3\n")
    with pytest.raises(Malformed, match="line 2 is not UTF-8") as caught:
        DotenvSource(str(path)).read("A")
    assert "s3cret" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_each_assignment_comes_with_its_line():
    content = "\ufeff# head\r\nA=1\r\n\r\nexport B='x\r\ny'\r\nC\r\nA=3\r\n"
    assert parse_dotenv(content, path=".env") == [
        ("A", "1", 2),
        ("B", "x\ny", 4),
        ("C", None, 6),
        ("A", "3", 7),
    ]


def test_names_are_mapped_and_prefixed_as_for_the_environment(tmp_path):
    (tmp_path / ".env").write_text("DATABASE_PASSWORD=p\ndatabase/user=u\nBILLING_KEY=k\n")
    source = open_source(f"dotenv:{tmp_path}/.env")
    assert source.read("database/password").reveal() == "p"
    assert source.read("database/user").reveal() == "u"
    prefixed = open_source(f"dotenv:{tmp_path}/.env?prefix=billing")
    assert prefixed.read("key").reveal() == "k"
    assert prefixed.list() == ["KEY"]


def test_the_file_is_read_anew_each_time_and_once_for_a_batch(tmp_path, monkeypatch):
    path = tmp_path / ".env"
    path.write_text("A=1\nB=2\n")
    source = DotenvSource(str(path))
    assert source.read("A").reveal() == "1"
    path.write_text("A=10\nB=20\n")
    assert source.read("A").reveal() == "10"
    loads = []
    load = source._load
    monkeypatch.setattr(source, "_load", lambda name: loads.append(name) or load(name))
    outcomes = source.read_many(["A", "B", "C"])
    assert [type(outcome).__name__ for outcome in outcomes.values()] == ["Secret", "Secret", "NotFound"]
    assert len(loads) == 1


def test_an_absent_file_is_not_found_and_names_the_file(tmp_path):
    with pytest.raises(NotFound, match=r"\.env does not exist"):
        open_source("dotenv:.env", base=str(tmp_path)).read("A")


def test_a_directory_or_an_enormous_file_is_no_env_file(tmp_path):
    with pytest.raises(NotFound):
        DotenvSource(str(tmp_path)).read("A")
    path = tmp_path / ".env"
    with path.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(Malformed, match="above the limit"):
        DotenvSource(str(path)).read("A")


def test_a_named_pipe_is_read_as_password_managers_mount_one(tmp_path):
    path = tmp_path / ".env"
    os.mkfifo(path)
    writer = subprocess.Popen([sys.executable, "-c", f"open({str(path)!r}, 'w').write('A=1\\n')"])
    assert DotenvSource(str(path)).read("A").reveal() == "1"
    assert writer.wait(30) == 0


def test_only_two_modules_of_python_dotenv_are_loaded(tmp_path):
    (tmp_path / ".env").write_text("A=${HOME}\n")
    program = f"""
import sys
from wellkept.sources.registry import open_source
open_source("dotenv:{tmp_path}/.env").read("A")
print([name for name in ("dotenv", "logging", "pathlib", "tempfile", "urllib.parse") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_whole_package_will_do_where_it_is_loaded_already(tmp_path, monkeypatch):
    from wellkept.sources import dotenv

    monkeypatch.setattr(dotenv, "_parts", None)
    assert "dotenv" in sys.modules
    assert parse("A=1\n", ".env") == {"A": "1"}
