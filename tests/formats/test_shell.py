import subprocess

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wellkept import formats
from wellkept.errors import InvalidRequest

SLOW = [HealthCheck.too_slow]  # the first text draws on tables that take seconds to make

text = st.text(
    st.one_of(
        st.sampled_from("'\"\\$`!#\r\n\t *~"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    )
)


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(text)
@example("it's $HOME `id` $(id) \\ \n\r\n")
@example("''")
@example("trailing newlines\n\n")
def test_a_sourced_file_gives_the_same_values(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("shell") / "secrets.sh"
    path.write_bytes(formats.write({"SECRET_VALUE": value, "NEXT": "ok"}, "shell"))
    script = '. ./secrets.sh && printf \'%s|%s\' "$SECRET_VALUE" "$NEXT"'
    done = subprocess.run(["sh", "-c", script], cwd=path.parent, capture_output=True, check=True)
    assert done.stdout == value.encode() + b"|ok"


def test_sourced_variables_reach_child_processes(tmp_path):
    (tmp_path / "s.sh").write_bytes(formats.write({"A": "1"}, "shell"))
    done = subprocess.run(["sh", "-c", ". ./s.sh; printenv A"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == b"1\n"


@pytest.mark.parametrize("name", ["A-B", "1A", "A B", "A;rm", ""])
def test_a_name_that_would_be_more_than_a_variable_is_refused(name):
    with pytest.raises(InvalidRequest, match="variable name"):
        formats.write({name: "x"}, "shell")


def test_a_nul_is_refused():
    with pytest.raises(InvalidRequest, match="NUL"):
        formats.write({"A": "x\0y"}, "shell")
