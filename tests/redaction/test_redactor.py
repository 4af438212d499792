"""The redactor against a reference that tries every form of every part at every position."""

from __future__ import annotations

import base64
import json
import threading
import urllib.parse
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wellkept.redaction import index as index_module
from wellkept.redaction.forms import forms
from wellkept.redaction.known import MIN_LENGTH, UNREAD, Known
from wellkept.redaction.parts import parts
from wellkept.redaction.redactor import FAILED, Redactor
from wellkept.secret import Secret

Make = Callable[..., Redactor]

MARK = "\x00"
"""A marker that no test text contains, so that what is left can be compared byte by byte."""


def variants(known: Known) -> set[bytes]:
    secrets = known.since(UNREAD)[0]
    every = (body for secret in secrets for part in parts(secret) for body, _ in forms(part.value))
    return {body for body in every if len(body) >= MIN_LENGTH}


def reference(data: bytes, bodies: set[bytes]) -> bytes:
    """Everything that any occurrence covers is gone; overlapping occurrences leave one marker."""
    spans = []
    for body in bodies:
        at = data.find(body)
        while at >= 0:
            spans.append((at, at + len(body)))
            at = data.find(body, at + 1)
    out, end = b"", 0
    for start, stop in sorted(spans):
        if start >= end:
            out += data[end:start] + MARK.encode()
        end = max(end, stop)
    return out + data[end:]


ALPHABETS = [
    "ab",
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
    "aé日\U0001f511/+=% \"'\\\n",
    "a\udcff\ud800b\udfff",
]
values = st.sampled_from(ALPHABETS).flatmap(lambda letters: st.text(letters, min_size=3, max_size=40))
secrets = st.lists(values | st.binary(min_size=3, max_size=40), min_size=1, max_size=4)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str | bytes], bytes]:
    """Some secrets, and a text in which forms of them stand between, beside and across each other."""
    chosen = draw(secrets)
    bodies = sorted(variants(remembering(chosen)))
    pieces: list[bytes] = []
    for _ in range(draw(st.integers(1, 5))):
        filler = draw(st.text("ab cé=/", max_size=9)).encode()
        pieces.append(filler)
        if bodies:
            body = draw(st.sampled_from(bodies))
            pieces.append(body[draw(st.integers(0, 2)) :] if draw(st.integers(0, 5)) == 0 else body)
    return chosen, b"".join(pieces)


def remembering(values: list[str | bytes]) -> Known:
    known = Known()
    for number, value in enumerate(values):
        known.remember(Secret(value, name=f"n{number}"))
    return known


@given(cases())
@settings(max_examples=400)
@example((["abcd"], b"abcdabcd"))
@example((["aaaa"], b"aaaaaaa"))
@example((["abcdef", "efghij"], b"abcdefghij"))
def test_bytes_are_redacted_as_by_the_reference(case: tuple[list[str | bytes], bytes]) -> None:
    values, data = case
    known = remembering(values)
    redactor = Redactor(known, shapes=(), named=MARK, unnamed=MARK)
    assert redactor.redact(data) == reference(data, variants(known))


@given(cases())
@settings(max_examples=300)
def test_text_is_redacted_as_by_the_reference(case: tuple[list[str | bytes], bytes]) -> None:
    values, data = case
    known = remembering(values)
    text = data.decode("utf-8", "replace")
    expected = reference(text.encode("utf-8", "surrogatepass"), variants(known))
    redactor = Redactor(known, shapes=(), named=MARK, unnamed=MARK)
    try:
        assert redactor.redact(text) == expected.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # a binary value in the middle of a character
        assert redactor.redact(text) == expected.decode("utf-8", "replace")


@pytest.mark.parametrize("size", [4, 5, 6, 7, 8, 10, 14, 15, 16, 31, 200, 300])
def test_a_value_of_any_length_is_found_at_every_offset_up_to_both_ends(knowing: Make, size: int) -> None:
    value = base64.b85encode(bytes(n % 251 for n in range(7, 7 + size)))[:size].decode()
    redactor = knowing(x=value)
    for before in range(34):
        for after in range(10):
            text = "." * before + value + "." * after
            assert redactor.redact(text) == "." * before + "[redacted:x]" + "." * after


def test_a_value_in_a_long_text_is_found_at_both_ends_and_in_between(knowing: Make) -> None:
    redactor = knowing(long="a-value-of-some-length", short="7chars-")
    filler = "." * 70_001
    text = f"a-value-of-some-length{filler}7chars-{filler}a-value-of-some-length"
    assert redactor.redact(text) == f"[redacted:long]{filler}[redacted:short]{filler}[redacted:long]"


def test_many_short_values_are_found_at_every_offset() -> None:
    known = Known()
    for number in range(index_module.MANY_SHORT + 1):
        known.remember(Secret(f"q{number:04}", name=str(number)))
    redactor = Redactor(known, shapes=())
    for before in range(9):
        assert redactor.redact("-" * before + "q0007,q0008" + "-" * before) == (
            "-" * before + "[redacted:7],[redacted:8]" + "-" * before
        )


def test_thousands_of_values_with_a_common_beginning_are_all_found() -> None:
    known = Known()
    random = Random(7)
    urls = [f"postgresql://app:{random.getrandbits(40):x}@db.internal:5432/app" for _ in range(1_000)]
    for number, url in enumerate(urls):
        known.remember(Secret(url, name=str(number)))
    redactor = Redactor(known, shapes=())
    assert all(redactor.redact(f"a {url} b") == f"a [redacted:{n}] b" for n, url in enumerate(urls))
    crowds = map(len, redactor.index()._wide.values())
    assert max(crowds) < 50  # not all thousand in one place, which every such URL would have to try


def test_the_marker_names_the_longest_value_of_an_overlap(knowing: Make) -> None:
    redactor = knowing({"short": "abcdef", "long": "defghijklmnop"})
    assert redactor.redact("abcdefghijklmnop") == "[redacted:long]"


def test_values_that_touch_have_a_marker_each(knowing: Make) -> None:
    assert knowing(a="abcd", b="efgh").redact("abcdefgh") == "[redacted:a][redacted:b]"


def test_a_field_is_named_after_the_secret_and_the_field(knowing: Make) -> None:
    redactor = knowing({"prod/db": json.dumps({"user": "billing", "password": "hunter22"})})
    assert (
        redactor.redact("connect billing/hunter22")
        == "connect [redacted:prod/db#user]/[redacted:prod/db#password]"
    )


def test_a_percent_encoded_password_inside_a_url_is_found(knowing: Make) -> None:
    password = "p@ss/w0rd&x"
    redactor = knowing({"prod/db": f"postgresql://app:{urllib.parse.quote(password, safe='')}@db/app"})
    assert redactor.redact(f"password is {password}!") == "password is [redacted:prod/db]!"


def test_markers_can_be_chosen() -> None:
    known = remembering(["s3cret-value"])
    assert Redactor(known, named="<{name}>").redact("s3cret-value") == "<n0>"
    assert Redactor(known, named=lambda name: name.upper()).redact("s3cret-value") == "N0"
    assert Redactor(known, named="***").redact("s3cret-value") == "***"
    nameless = Known()
    nameless.remember(Secret("s3cret-value"))
    assert Redactor(nameless, unnamed="X").redact("s3cret-value") == "X"


def test_a_value_remembered_later_is_found_by_the_next_call() -> None:
    known = Known()
    redactor = Redactor(known, shapes=())
    assert redactor.redact("late-comer") == "late-comer"
    known.remember(Secret("late-comer", name="x"))
    assert redactor.redact("late-comer") == "[redacted:x]"
    known.forget(Secret("late-comer"))
    assert redactor.redact("late-comer") == "late-comer"


def test_text_without_secrets_comes_back_as_the_same_object(knowing: Make) -> None:
    text, data = "nothing here, é", b"nothing here"
    redactor = knowing(x="s3cret-value", shapes=True)
    assert redactor.redact(text) is text
    assert redactor.redact(data) is data


def test_a_subclass_of_str_cannot_hide_its_content(knowing: Make) -> None:
    class Sly(str):
        def encode(self, *args: object) -> bytes:
            return b"harmless"

        def __str__(self) -> str:
            return "harmless"

        def isascii(self) -> bool:
            return True

        def __len__(self) -> int:
            return 0

    assert knowing(x="s3cret-value").redact(Sly("s3cret-value")) == "[redacted:x]"


def test_a_megabyte_value_is_found_whole_in_every_common_form_and_named_once(knowing: Make) -> None:
    value = "".join(f"{n:07x}" for n in range(150_000))[: 1024 * 1024]
    redactor = knowing(big=value)
    raw = value.encode()
    assert redactor.redact(f"a {value} b") == "a [redacted:big] b"
    assert redactor.redact(f"a {raw.hex()} b") == "a [redacted:big] b"
    for shift in range(3):
        encoded = base64.b64encode(b"\xff" * shift + raw + b"\xff" * 6).decode()
        left = redactor.redact(encoded)
        assert left.count("[redacted:big]") == 1
        assert len(left) < 40
    assert redactor.redact(value[:20_000]).startswith("[redacted:big]")
    assert len(redactor.redact(value[:20_000])) < 5_200  # cut off: what is left is less than a piece


def test_a_redactor_keeps_heads_only_of_long_forms(knowing: Make) -> None:
    redactor = knowing(big="".join(f"{n:07x}" for n in range(150_000)))
    redactor.redact("")
    kept = sum(len(needle.head) for needle in redactor.index()._needles)
    assert kept < 1024 * 1024
    assert redactor.index().longest < 64 * 1024


def test_errors_inside_withhold_the_text(knowing: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = knowing(x="s3cret-value", shapes=True)

    def broken(*_: object) -> None:
        raise RuntimeError("with s3cret-value in it")

    for owner, name in [
        (index_module.Index, "find"),
        (type(redactor.shapes), "find"),
        (Redactor, "marker"),
        (Redactor, "replace"),
        (Redactor, "_search"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, broken)
            assert redactor.redact("a s3cret-value b") == FAILED
            assert redactor.redact(b"a s3cret-value b") == FAILED.encode()


def test_an_error_while_learning_withholds_every_text_until_it_is_over(
    knowing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    redactor = knowing(x="s3cret-value")
    with monkeypatch.context() as patch:
        patch.setattr("wellkept.redaction.redactor.forms", lambda *_, **__: 1 / 0)
        assert redactor.redact("a s3cret-value b") == FAILED
        assert redactor.redact("harmless") == FAILED
    assert redactor.redact("a s3cret-value b") == "a [redacted:x] b"


@pytest.mark.parametrize("thing", [None, 5, ["s3cret-value"], bytearray(b"s3cret-value")])
def test_anything_but_text_and_bytes_is_a_mistake_of_the_caller(knowing: Make, thing: object) -> None:
    with pytest.raises(TypeError, match="takes str or bytes") as caught:
        knowing(x="s3cret-value").redact(thing)
    assert "s3cret" not in str(caught.value)


@given(st.data())
@settings(max_examples=100)
def test_whatever_breaks_inside_the_value_does_not_come_out(data: st.DataObject) -> None:
    """Each internal step fails at random; the answer is the right one or the withheld one."""
    known = remembering(["s3cret-value-1", "0ther-value-22"])
    redactor = Redactor(known)
    text = f"{data.draw(st.text(max_size=20))}s3cret-value-1 é {base64.b64encode(b'0ther-value-22').decode()}"
    steps = [(Redactor, "_learn"), (Redactor, "marker"), (Redactor, "replace"), (index_module.Index, "find")]
    owner, name = data.draw(st.sampled_from(steps))
    fails_at = data.draw(st.integers(0, 3))
    genuine, calls = getattr(owner, name), [0]

    def sometimes(*args: object) -> object:
        calls[0] += 1
        if calls[0] > fails_at:
            raise data.draw(st.sampled_from([ValueError, MemoryError, RecursionError, UnicodeError]))(
                "s3cret-value-1"
            )
        return genuine(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, sometimes)
        out = [redactor.redact(text) for _ in range(3)]
    assert not any("s3cret-value-1" in each or "MHRoZXItdmFsdWUtMjI" in each for each in out)


def test_threads_find_what_each_has_just_remembered() -> None:
    known = Known()
    redactor = Redactor(known, shapes=())
    missed: list[str] = []

    def work(part: int) -> None:
        for number in range(100):
            value = f"value-{part}-{number}-end"
            known.remember(Secret(value, name="x"))
            if value in redactor.redact(f"a {value} b"):
                missed.append(value)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missed == []
