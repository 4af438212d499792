from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.barrier import shamir
from wellkept.barrier.seals.shamir import ShamirSeal, check
from wellkept.errors import InvalidRequest, Sealed

ROOT = bytes(range(32))


@given(st.binary(min_size=1, max_size=64), st.data())
@settings(max_examples=60, deadline=None)
def test_any_threshold_of_the_shares_give_the_secret_back(secret: bytes, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    threshold = data.draw(st.integers(1, count))
    shares = shamir.split(secret, count, threshold)
    chosen = data.draw(st.permutations(shares))[:threshold]
    assert shamir.combine(chosen) == secret
    assert shamir.combine(shares) == secret


def test_255_shares_of_which_all_are_needed() -> None:
    shares = shamir.split(ROOT, 255, 255)
    assert sorted(share[-1] for share in shares) == list(range(1, 256))
    assert shamir.combine(shares) == ROOT
    assert shamir.combine(shares[:-1]) != ROOT


def test_fewer_shares_than_the_threshold_say_nothing() -> None:
    """Of a one-byte secret every value stays possible with one share of two."""
    share = shamir.split(b"\x07", 2, 2)[0]
    point = share[-1] % 255 + 1
    assert {shamir.combine([share, bytes((y, point))]) for y in range(256)} == {
        bytes((v,)) for v in range(256)
    }


def test_shares_as_another_implementation_made_them() -> None:
    """f(x) = secret + a x over AES's field, by hand: 0x53 * 0xCA = 1 (FIPS 197's example is 0x57 * 0x83 = 0xC1)."""
    secret, slope = 0x57, 0x83
    y = secret ^ 0xC1  # at x = 0x57: slope * 0x57 = 0xC1
    assert shamir.combine([bytes((secret ^ slope, 1)), bytes((y, 0x57))]) == bytes((secret,))


@pytest.mark.parametrize(
    "shares",
    [[], [b"a"], [b"ab", b"abc"], [b"ab", b"cb"], [b"a\0", b"ab"]],
    ids=["none", "short", "lengths", "twice", "zero"],
)
def test_shares_that_cannot_belong_together_are_refused(shares: list[bytes]) -> None:
    with pytest.raises(InvalidRequest):
        shamir.combine(shares)


@pytest.mark.parametrize(("count", "threshold"), [(0, 0), (1, 2), (256, 2), (3, 0)])
def test_numbers_out_of_bounds_are_refused(count: int, threshold: int) -> None:
    with pytest.raises(InvalidRequest):
        shamir.split(ROOT, count, threshold)
    with pytest.raises(InvalidRequest):
        check(count, threshold)


def test_the_seal_opens_with_any_threshold_of_its_shares_and_with_no_fewer() -> None:
    seal = ShamirSeal(5, 3)
    blob = seal.wrap(ROOT)
    for chosen in itertools.combinations(seal.shares, 3):
        assert ShamirSeal(given=chosen).unwrap(blob) == ROOT
    with pytest.raises(Sealed):
        ShamirSeal(given=seal.shares[:2]).unwrap(blob)
    with pytest.raises(Sealed):
        ShamirSeal(given=[seal.shares[0], seal.shares[1], b"\0" * 33]).unwrap(blob)


def test_a_single_share_is_the_key_itself() -> None:
    seal = ShamirSeal(1, 1)
    blob = seal.wrap(ROOT)
    assert len(seal.shares[0]) == 32
    assert ShamirSeal(given=seal.shares).unwrap(blob) == ROOT


def test_a_seal_whose_threshold_was_lowered_in_storage_does_not_open() -> None:
    seal = ShamirSeal(3, 3)
    blob = {**seal.wrap(ROOT), "threshold": 2}
    with pytest.raises(Sealed):
        ShamirSeal(given=seal.shares).unwrap(blob)
