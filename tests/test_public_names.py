"""What ``import wellkept`` promises, and what it costs."""

import ast
import subprocess
import sys

import pytest

import wellkept


def test_every_public_name_is_there():
    for name in wellkept.__all__:
        assert getattr(wellkept, name) is not None
    assert set(wellkept.__all__) <= set(dir(wellkept))


def test_type_checkers_are_told_of_exactly_the_public_names():
    with open(wellkept.__file__) as file:
        tree = ast.parse(file.read())
    blocks = [
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    imported = {alias.name for block in blocks for node in block.body for alias in node.names}
    assert imported | {"__version__"} == set(wellkept.__all__)


def test_every_error_is_public():
    from wellkept import errors

    raised = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert raised <= set(wellkept.__all__)


def test_what_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="opne"):
        wellkept.opne  # noqa: B018


def test_importing_loads_next_to_nothing():
    program = (
        "import sys; before = set(sys.modules); import wellkept; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"__future__", "wellkept", "wellkept._version"}


def test_opening_loads_the_standard_library_only_and_none_of_its_heavy_parts():
    program = (
        "import sys; before = set(sys.modules); import wellkept; s = wellkept.open('env:'); s.get('PATH'); s.close();"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded <= sys.stdlib_module_names | {"wellkept"}
    assert not loaded & {
        "asyncio",
        "logging",
        "dataclasses",
        "inspect",
        "pathlib",
        "subprocess",
        "concurrent",
        "socket",
    }
