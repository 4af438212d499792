import subprocess
import sys

import pytest

from wellkept.errors import ConfigError
from wellkept.sources.base import BaseSource, Source
from wellkept.sources.registry import BUILT_IN, open_source
from wellkept.sources.url import parse_url


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A package on the path, as another distribution would install it, with an entry point for ``shouting:``."""
    (tmp_path / "shouting.py").write_text(
        "from wellkept.secret import Secret\n"
        "from wellkept.sources.base import BaseSource\n"
        "class Shouting(BaseSource):\n"
        "    def __init__(self, url): self.url = f'shouting:{url.rest}'; self.options = url.expect('loud')\n"
        "    def read(self, name, *, version=None, timeout=None): return Secret(name.upper() + '!', name=name)\n"
    )
    info = tmp_path / "shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[wellkept.sources]\nshouting = shouting:Shouting\nbroken = not_installed_anywhere:Source\nenv = shouting:Shouting\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("shouting", None)


def test_another_package_adds_a_scheme_by_an_entry_point(plugin):
    source = open_source("shouting:there?loud=very")
    assert isinstance(source, Source)
    assert source.read("name").reveal() == "NAME!"
    assert source.options == {"loud": "very"}


def test_another_package_cannot_replace_a_built_in_scheme(plugin):
    assert type(open_source("env:")).__name__ == "EnvSource"


def test_a_plugin_whose_module_is_missing_says_which(plugin):
    with pytest.raises(ConfigError, match="needs not_installed_anywhere"):
        open_source("broken:")


def test_an_unknown_scheme_names_those_known_and_quotes_nothing_else_of_the_url(plugin):
    with pytest.raises(ConfigError) as caught:
        open_source("redis://:s3cret@host")
    assert "unknown source 'redis':" in str(caught.value)
    assert "shouting:" in str(caught.value)
    assert "env:" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_two_packages_that_claim_one_scheme_are_refused(plugin):
    info = plugin / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[wellkept.sources]\nshouting = other:Source\n")
    with pytest.raises(ConfigError, match="several packages"):
        open_source("shouting:")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "env",
        ":",
        "/path/.env",
        ".env",
        "ENV:",
        "e nv:",
        "1env:",
        "env:?a",
        "env:?=b",
        "env:?prefix=a&prefix=b",
    ],
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ConfigError):
        open_source(url)


def test_an_unknown_option_is_named_with_those_known():
    with pytest.raises(ConfigError, match="env: unknown option 'prefx'; known options: prefix"):
        open_source("env:?prefx=s3cret")


def test_rest_and_options_are_decoded_and_paths_made_absolute(tmp_path, monkeypatch):
    url = parse_url("dotenv:a%3Fb%25?prefix=x%26y", base="/base")
    assert (url.scheme, url.rest, dict(url.options)) == ("dotenv", "a?b%", {"prefix": "x&y"})
    assert url.path() == "/base/a?b%"
    assert parse_url("dir:/run/../run/secrets").path() == "/run/secrets"
    monkeypatch.setenv("HOME", "/home/somebody")
    assert parse_url("dir:~/secrets", base="/base").path() == "/home/somebody/secrets"
    monkeypatch.chdir(tmp_path)
    assert parse_url("dir:x").path() == str(tmp_path / "x")
    with pytest.raises(ConfigError):
        parse_url("dir:a\0b").path()
    with pytest.raises(ConfigError):
        parse_url("dir:").path()


def test_a_source_is_taken_as_it_is():
    source = BaseSource()
    assert open_source(source) is source


def test_every_built_in_scheme_has_its_function():
    from importlib import import_module

    for module, function in BUILT_IN.values():
        assert callable(getattr(import_module(f"wellkept.sources.{module}"), function))


def test_opening_a_built_in_scheme_looks_up_no_entry_points():
    program = (
        "import sys; from wellkept.sources.registry import open_source; open_source('env:'); open_source('store:x');"
        "print([n for n in ('importlib.metadata', 'wellkept.core', 'urllib.parse', 'dotenv') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
