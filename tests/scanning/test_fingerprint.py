"""Fingerprints: by rule and value, not by place; and no help in guessing."""

import pytest

from doubles.leaks import TOKEN, finding
from wellkept.errors import ConfigError
from wellkept.scanning.dedupe import dedupe
from wellkept.scanning.finding import Finding
from wellkept.scanning.fingerprint import Fingerprinter
from wellkept.scanning.location import Location
from wellkept.secret import Secret

KEY = b"0123456789abcdef" * 2


def test_moving_code_does_not_change_a_fingerprint():
    here, there = Fingerprinter().stamp(
        [finding(TOKEN, "a = 1"), finding(TOKEN, "b = 2", path="other/place.py", line=900, column=1)]
    )
    assert here.fingerprint == there.fingerprint


def test_another_value_rule_or_key_changes_it():
    base = Fingerprinter(KEY).of("rule", b"value")
    others = {Fingerprinter(KEY).of("rule", b"valuf"), Fingerprinter(KEY).of("rulf", b"value")}
    others |= {Fingerprinter(KEY[::-1]).of("rule", b"value"), Fingerprinter().of("rule", b"value")}
    assert len(others | {base}) == 5


def test_rule_and_value_cannot_be_shifted_into_each_other():
    assert Fingerprinter(KEY).of("ab", b"c") != Fingerprinter(KEY).of("a", b"bc")


def test_it_is_the_same_in_every_process_for_ever():
    assert Fingerprinter().of("some-rule", b"some value") == "c6b6b33683bb3329fb787020830493d8"
    assert Fingerprinter(KEY).of("some-rule", b"some value") == "ab22a757abc38bd3f3231eec963cbdee"


def test_without_a_key_a_guess_costs_as_much_as_a_login():
    from cryptography.hazmat.primitives.kdf import scrypt

    asked = []
    real = scrypt.Scrypt

    def counting(**options):
        asked.append(options)
        return real(**options)

    scrypt.Scrypt = counting
    try:
        maker = Fingerprinter()
        for _ in range(3):
            maker.of("rule", b"hunter2")
    finally:
        scrypt.Scrypt = real
    assert [(options["n"] >= 4096, options["r"]) for options in asked] == [(True, 8)], (
        "once for each value of a run"
    )


def test_a_short_key_is_refused():
    with pytest.raises(ConfigError, match="16 bytes"):
        Fingerprinter.from_environment({"WELLKEPT_FINGERPRINT_KEY": "short"})


def test_no_key_is_one_that_everybody_has():
    assert Fingerprinter.from_environment({}).of("r", b"v") == Fingerprinter().of("r", b"v")


def test_one_secret_in_many_places_is_one_finding():
    found = [finding(TOKEN, "x", path=f"f{n % 3}", line=n % 2, offset=n % 2) for n in range(12)]
    (one,) = dedupe(Fingerprinter().stamp(found))
    assert (one.location.path, one.location.line) == ("f0", 0)
    assert len(one.also) == 5


def test_of_two_rules_for_the_same_bytes_the_surer_stays():
    sure = finding(TOKEN, "x", rule="github-pat")
    vague = finding(TOKEN, "x", rule="generic-secret")._replace(confidence=0.95)
    known = finding(TOKEN, "x", rule="known")._replace(confidence=0.5)
    assert [found.rule for found in dedupe(Fingerprinter().stamp([vague, sure]))] == ["github-pat"]
    assert [found.rule for found in dedupe(Fingerprinter().stamp([vague, sure, known]))] == ["known"]


def test_the_order_of_arrival_does_not_matter():
    found = Fingerprinter(KEY).stamp([finding(f"{TOKEN}{n % 4}", "x", path=f"f{n}") for n in range(20)])
    assert dedupe(found) == dedupe(found[::-1])


def test_a_known_secret_is_one_finding_in_whatever_encoding():
    details = {"known": {"path": "prod/pay/key", "version": "2", "owner": "@pay", "form": "plain"}}
    found = [
        finding(TOKEN, "x", rule="known", details=details),
        finding(TOKEN.encode().hex(), "x", rule="known", path="b", details=details),
    ]
    (one,) = dedupe(Fingerprinter().stamp(found))
    assert len(one.also) == 1
    other = finding(TOKEN, "x", rule="known", details={"known": {**details["known"], "version": "3"}})
    assert Fingerprinter().stamp([other])[0].fingerprint != one.fingerprint


def test_what_the_matcher_and_the_engine_decode_alike_is_named_once():
    details = {"known": {"path": "prod/pay/key", "version": "2"}}
    direct = finding("x" * 30, "y", rule="known", details=details, column=10, end_column=40, offset=9)
    undone = finding(
        TOKEN, "y", rule="known", details=details, column=7, end_column=43, offset=6, decoded=("base64",)
    )
    twice = undone._replace(location=undone.location._replace(decoded=("base64", "hex")))
    other = undone._replace(location=undone.location._replace(column=80, end_column=116, offset=79))
    assert dedupe(Fingerprinter().stamp([direct, undone]))[0].also == ()
    assert len(dedupe(Fingerprinter().stamp([direct, undone, twice, other]))[0].also) == 2


def test_of_two_rules_at_one_place_the_one_that_knows_the_provider_stays():
    place = Location(path="a", line=1, offset=9)
    file = Finding("a-file", "A file", "", "critical", 0.92, Secret(b"x" * 40, name="s"), place, b"")
    aws = Finding("z-key", "A key", "AWS", "critical", 0.88, Secret(b"x" * 40, name="s"), place, b"")
    for order in ([file, aws], [aws, file]):
        (one,) = dedupe(Fingerprinter(b"k" * 32).stamp(order))
        assert one.rule == "z-key"
