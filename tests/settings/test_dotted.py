"""A class by its place in the code, and what is said when it is not there."""

from __future__ import annotations

import importlib
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from wellkept import ConfigError, Denied, Settings
from wellkept.settings import from_dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Writes modules into a directory of their own, which is the working directory and not on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [item for item in sys.path if item not in ("", ".")])
    before = set(sys.modules)

    def write(path: str, text: str) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        importlib.invalidate_caches()

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


TWO = """
    import wellkept
    class First(wellkept.Settings):
        a: str
    class Second(wellkept.Settings):
        b: str
    other = 5
"""


def message(reference: str) -> str:
    with pytest.raises(ConfigError) as caught:
        from_dotted(reference)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_a_class_is_found_from_the_working_directory(project: Callable[..., None]) -> None:
    project("shop_app/__init__.py", "")
    project("shop_app/settings.py", TWO)
    found = from_dotted("shop_app.settings:First")
    assert issubclass(found, Settings)
    assert found.__name__ == "First"


def test_a_class_inside_a_class_is_found(project: Callable[..., None]) -> None:
    project("nested_settings.py", TWO + "    class Config:\n        Inner = First\n")
    assert from_dotted("nested_settings:Config.Inner").__name__ == "First"


def test_a_module_with_one_class_is_enough(project: Callable[..., None]) -> None:
    project("base_settings.py", "import wellkept\nclass Base(wellkept.Settings):\n    a: str\n")
    project("one_settings.py", "from base_settings import Base\nclass Only(Base):\n    b: str\n")
    assert from_dotted("one_settings").__name__ == "Only"


def test_a_module_with_several_offers_them(project: Callable[..., None]) -> None:
    project("two_settings.py", TWO)
    assert message("two_settings") == (
        "two_settings alone does not say which class; there is two_settings:First, two_settings:Second"
    )


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("two_settings:Third", "two_settings has no 'Third'; there is two_settings:First"),
        ("two_settings:other", "has 'other', but it is no class of wellkept.Settings"),
        ("two_settings:wellkept.Settings", "has 'wellkept.Settings', but it is no class"),
        ("nowhere:X", "there is no module 'nowhere' in"),
        ("two_settings.deeper:X", "there is no module 'two_settings.deeper'"),
        ("", "write module:Class, as in app.settings:AppSettings"),
        ("two_settings:", "write module:Class, as in two_settings:AppSettings"),
        ("./app/settings.py:App", "as in app.settings:App"),
        ("app/settings:App", "as in app.settings:App"),
        ("a b:C", "write module:Class"),
        (":C", "write module:Class, as in app.settings:C"),
    ],
)
def test_a_reference_to_nothing_says_what_to_write(
    project: Callable[..., None], reference: str, words: str
) -> None:
    project("two_settings.py", TWO)
    assert words in message(reference)


def test_a_module_that_fails_is_named_by_file_and_line_and_not_quoted(project: Callable[..., None]) -> None:
    project("failing_settings.py", "password = 'planted'\nraise ValueError(password)\n")
    text = message("failing_settings:App")
    assert "ValueError in " in text
    assert "failing_settings.py, line 2" in text
    assert "planted" not in text


def test_a_module_that_does_not_parse_is_named_by_file_and_line(project: Callable[..., None]) -> None:
    project("odd_settings.py", "x = 1\ny = = 'planted'\n")
    text = message("odd_settings:App")
    assert "SyntaxError in " in text
    assert "odd_settings.py, line 2" in text
    assert "planted" not in text


def test_a_module_that_needs_what_is_not_installed_says_what(project: Callable[..., None]) -> None:
    project("needy_settings.py", "import not_installed_anywhere\n")
    assert "it needs 'not_installed_anywhere', which cannot be imported" in message("needy_settings:App")


def test_what_the_module_raises_of_ours_passes_as_it_is(project: Callable[..., None]) -> None:
    project("loading_settings.py", "import wellkept\nraise wellkept.Denied('not for you')\n")
    with pytest.raises(Denied, match="not for you"):
        from_dotted("loading_settings:App")
