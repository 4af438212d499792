"""``verify`` names the first line that is not as it was, and notices every missing end."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.core.audit_chain import START, Chain
from wellkept.core.audit_verify import AuditBroken, Report, verify

KEY = b"k" * 32
COUNT = 8


def build(count=COUNT):
    chain, head, lines, heads = Chain(KEY), START, [], [START]
    for number in range(count):
        line, head = chain.line(head, f'"n":{number}')
        lines.append(line)
        heads.append(head)
    return lines, heads


LINES, HEADS = build()


def examine(tmp_path, lines, head=HEADS[-1]):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(lines))
    return verify(str(path), Chain(KEY), head)


def broken(tmp_path, lines, head=HEADS[-1]):
    with pytest.raises(AuditBroken) as caught:
        examine(tmp_path, lines, head)
    error = caught.value
    assert str(error.line) in str(error)
    assert str(error.seq) in str(error)
    return error.kind, error.line, error.seq


def test_a_whole_log_passes(tmp_path):
    assert examine(tmp_path, LINES) == Report(COUNT, COUNT, False)


def test_an_empty_log_of_a_new_store_passes(tmp_path):
    assert examine(tmp_path, [], START) == Report(0, 0, False)
    assert verify(str(tmp_path / "none"), Chain(KEY), START) == Report(0, 0, False)


@pytest.mark.parametrize("index", range(COUNT))
def test_a_changed_line_is_named(tmp_path, index):
    lines = list(LINES)
    lines[index] = lines[index].replace(b'"n":', b'"m":')
    assert broken(tmp_path, lines) == ("changed", index + 1, index + 1)


@pytest.mark.parametrize("index", range(COUNT - 1))
def test_a_dropped_line_is_named_by_the_line_after_it(tmp_path, index):
    lines = LINES[:index] + LINES[index + 1 :]
    assert broken(tmp_path, lines) == ("dropped", index + 1, index + 2)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(range(COUNT), 2)))
def test_two_lines_that_changed_places_are_named(tmp_path, one, other):
    lines = list(LINES)
    lines[one], lines[other] = lines[other], lines[one]
    assert broken(tmp_path, lines) == ("reordered", one + 1, other + 1)


@pytest.mark.parametrize("index", range(COUNT))
def test_a_repeated_line_is_named(tmp_path, index):
    lines = LINES[: index + 1] + LINES[index:]
    assert broken(tmp_path, lines) == ("reordered", index + 2, index + 1)


@pytest.mark.parametrize("kept", range(COUNT))
def test_a_missing_end_of_any_length_is_noticed(tmp_path, kept):
    assert broken(tmp_path, LINES[:kept]) == ("truncated", kept + 1, kept + 1)


@pytest.mark.parametrize("cut", [1, 2, 50])
def test_an_end_cut_inside_the_last_line_is_noticed(tmp_path, cut):
    lines = [*LINES[:-1], LINES[-1][:-cut]]
    assert broken(tmp_path, lines) == ("changed", COUNT, COUNT)


def test_a_removed_file_is_noticed(tmp_path):
    with pytest.raises(AuditBroken) as caught:
        verify(str(tmp_path / "none"), Chain(KEY), HEADS[-1])
    assert caught.value.kind == "missing"


def test_a_line_of_another_store_is_not_one_of_ours(tmp_path):
    foreign, _ = Chain(b"x" * 32).line(HEADS[3], '"n":9')
    assert broken(tmp_path, [*LINES[:4], foreign, *LINES[5:]]) == ("changed", 5, 5)


def test_a_line_that_was_put_in_between_is_named(tmp_path):
    assert broken(tmp_path, [*LINES[:4], b"{}\n", *LINES[4:]]) == ("changed", 5, 5)
    assert broken(tmp_path, [*LINES[:4], b"\n", *LINES[4:]]) == ("changed", 5, 5)
    assert broken(tmp_path, [b"\xef\xbb\xbf", *LINES]) == ("changed", 1, 1)


def test_whole_lines_beyond_the_head_pass_when_they_continue_the_chain(tmp_path):
    assert examine(tmp_path, LINES, HEADS[5]) == Report(COUNT, 5, False)
    assert broken(tmp_path, [*LINES, b'{"seq":9}\n'], HEADS[5]) == ("changed", 9, 9)


def test_an_unfinished_line_beyond_the_head_passes_and_is_mentioned(tmp_path):
    assert examine(tmp_path, [*LINES, b'{"seq":9,']) == Report(COUNT, COUNT, True)


def test_another_chain_of_the_same_length_is_not_the_one_that_the_head_names(tmp_path):
    chain, head, others = Chain(KEY), START, []
    for _ in range(COUNT):
        line, head = chain.line(head, '"n":"forged"')
        others.append(line)
    assert broken(tmp_path, others)[0] == "changed"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, COUNT - 1), max_size=COUNT + 2))
def test_no_selection_and_order_of_the_lines_passes_but_the_true_one(tmp_path_factory, order):
    tmp_path = tmp_path_factory.mktemp("log")
    if order == list(range(COUNT)):
        assert examine(tmp_path, LINES)
    else:
        first = next((i for i, n in enumerate(order) if n != i), len(order))
        assert broken(tmp_path, [LINES[index] for index in order])[1] == first + 1
