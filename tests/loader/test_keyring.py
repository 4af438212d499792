import hashlib
import hmac
import warnings
from base64 import urlsafe_b64decode

import jwt
import pytest

from wellkept.errors import BadSignature, ConfigError, Denied, Malformed, NotFound, Transient, Unavailable
from wellkept.loader.keyring import REFRESH_PAUSE, KeyRing
from wellkept.secret import Secret

ONE, TWO, THREE = ("1" * 32, "2" * 32, "3" * 32)


@pytest.fixture
def source(scripted):
    return scripted({"key": ONE})


@pytest.fixture
def secrets(source, opened, clock):
    return opened(source, ttl=3600, max_stale=7200, clock=clock, refresh=False)


@pytest.fixture
def ring(secrets, clock):
    return KeyRing(secrets, "key", grace=600, clock=clock)


def rotate(source, secrets, value):
    source.values["key"] = value
    secrets.refresh("key")


def test_what_was_signed_verifies_and_comes_back(ring):
    assert ring.verify("text", ring.sign("text")) == "text"
    assert ring.verify(b"\x00\xff", ring.sign(b"\x00\xff")) == b"\x00\xff"
    assert ring.verify("größe", ring.sign("größe".encode())) == "größe"


def test_the_mac_is_plain_hmac_sha256(ring):
    _, _, text = ring.sign("data").partition(".")
    assert urlsafe_b64decode(text + "=") == hmac.digest(ONE.encode(), b"data", hashlib.sha256)


def test_an_altered_signature_or_text_is_refused(ring):
    signature = ring.sign("data")
    key_id, _, mac = signature.partition(".")
    other = mac[:10] + ("A" if mac[10] != "A" else "B") + mac[11:]
    for data, wrong in [
        ("data2", signature),
        ("data", f"{key_id}.{other}"),
        ("data", f"{key_id}.{mac}="),
        ("data", f"{key_id}.{mac}!"),
        ("data", f"{key_id}.!{mac}"),
        ("data", f"{key_id}.{mac[:-1]}"),
        ("data", mac),
        ("data", f"0000000000000000.{mac}"),
        ("data", ""),
        ("data", "."),
        ("data", f"{key_id}."),
        ("data", f"{key_id}.größe"),
        ("data", None),
    ]:
        with pytest.raises(BadSignature):
            ring.verify(data, wrong)


def test_the_last_character_of_a_signature_has_no_spare_bits(ring):
    """43 base64 characters hold 258 bits, and a MAC has 256: another spelling of it is another signature."""
    signature = ring.sign("data")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = [signature[:-1] + character for character in alphabet]
    verified = []
    for each in spelled:
        try:
            verified.append(ring.verify("data", each) and each)
        except BadSignature:
            continue
    assert verified == [signature]


def test_the_previous_key_verifies_within_the_grace_and_not_longer(ring, source, secrets, clock):
    signature = ring.sign("data")
    rotate(source, secrets, TWO)
    assert ring.sign("data") != signature
    assert ring.verify("data", signature) == "data"
    clock.advance(599.999)
    assert ring.verify("data", signature) == "data"
    clock.advance(0.001)
    with pytest.raises(BadSignature, match="nor, within 600 s"):
        ring.verify("data", signature)
    assert ring.verify("data", ring.sign("data")) == "data"


def test_the_key_before_the_previous_never_verifies(ring, source, secrets):
    signature = ring.sign("data")
    rotate(source, secrets, TWO)
    ring.sign("data")
    rotate(source, secrets, THREE)
    with pytest.raises(BadSignature):
        ring.verify("data", signature)


def test_without_grace_only_the_current_key_verifies(secrets, source, clock):
    ring = KeyRing(secrets, "key", grace=0, clock=clock)
    signature = ring.sign("data")
    rotate(source, secrets, TWO)
    with pytest.raises(BadSignature):
        ring.verify("data", signature)


def test_the_grace_counts_from_when_the_version_was_made(source, opened, clock):
    """A process that starts long after a rotation does not revive the previous key."""
    old = KeyRing(opened(source, clock=clock), "key", clock=clock).sign("data")
    made = clock.time()
    source.values["key"] = Secret(TWO, name="key", version="2", created=made)
    source.versions["previous"] = {"key": ONE}
    clock.advance(300)
    early = KeyRing(opened(source, clock=clock, refresh=False), "key", grace=600, clock=clock)
    assert early.verify("data", old) == "data"
    clock.advance(301)
    late = KeyRing(opened(source, clock=clock, refresh=False), "key", grace=600, clock=clock)
    with pytest.raises(BadSignature):
        late.verify("data", old)


def test_processes_agree_on_key_ids_whatever_the_source(ring, scripted, opened):
    elsewhere = scripted({"other/name": Secret(ONE, version="77", source="elsewhere:")})
    other = KeyRing(opened(elsewhere), "other/name")
    assert other.verify("data", ring.sign("data")) == "data"


def test_the_key_id_is_not_the_key_nor_a_plain_hash_of_it(ring):
    key_id = ring.sign("data").partition(".")[0]
    assert len(key_id) == 16
    assert key_id not in hashlib.sha256(ONE.encode()).hexdigest()
    assert ONE not in repr(ring) + repr(ring._current) + key_id


def test_an_unknown_key_id_is_looked_for_once_in_a_while(ring, source, secrets, clock):
    """Another process has rotated and signed; this one has not noticed yet."""
    ring.sign("data")
    source.values["key"] = TWO
    fresh = KeyRing(_reading(source), "key").sign("data")
    assert ring.verify("data", fresh) == "data"
    reads = len(source.reads)
    clock.advance(REFRESH_PAUSE)
    for _ in range(50):
        with pytest.raises(BadSignature):
            ring.verify("data", "0123456789abcdef" + fresh[16:])
    assert len([read for read in source.reads[reads:] if read == "key"]) == 1


def _reading(source):
    from wellkept.loader.secrets import Secrets

    return Secrets(source, ttl=0)


def test_a_denied_key_neither_signs_nor_verifies(ring, source, secrets):
    signature = ring.sign("data")
    source.failure = Denied("no")
    with pytest.raises(Denied):
        secrets.refresh("key")
    with pytest.raises(Denied):
        ring.sign("data")
    with pytest.raises(Denied):
        ring.verify("data", signature)


def test_an_outage_is_no_verdict(ring, source, secrets, clock):
    signature = ring.sign("data")
    source.failure = Unavailable("down")
    assert ring.verify("data", signature) == "data"
    clock.advance(7201)
    with pytest.raises(Transient):
        ring.verify("data", signature)


def test_a_missing_key_is_not_found_and_an_empty_one_malformed(secrets, source):
    with pytest.raises(NotFound):
        KeyRing(secrets, "absent").sign("data")
    source.values["empty"] = ""
    with pytest.raises(Malformed, match="empty"):
        KeyRing(secrets, "empty").sign("data")


def test_a_short_key_is_warned_of_by_name(secrets, source):
    source.values["short"] = "s3cret"
    with pytest.warns(UserWarning, match="'short' is shorter than 32 bytes") as caught:
        KeyRing(secrets, "short").sign("data")
    assert "s3cret" not in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        KeyRing(secrets, "key").sign("data")


@pytest.mark.parametrize("options", [{"grace": -1}, {"algorithm": "none"}, {"algorithm": "RS256"}])
def test_options_that_make_no_sense_are_refused(secrets, options):
    with pytest.raises(ConfigError):
        KeyRing(secrets, "key", **options)


# JWTs


def token(ring, clock, **claims):
    return ring.sign_jwt({"sub": "somebody", "exp": clock.time() + 60, **claims})


def test_a_token_comes_back_as_its_claims_and_names_its_key(ring, clock):
    signed = token(ring, clock, iss="us", aud="them")
    assert ring.verify_jwt(signed, audience="them", issuer="us")["sub"] == "somebody"
    header = jwt.get_unverified_header(signed)
    assert header["alg"] == "HS256"
    assert header["kid"] == ring.sign("x").partition(".")[0]
    assert jwt.decode(signed, ONE, algorithms=["HS256"], audience="them", options={"verify_exp": False})


def test_a_token_of_the_previous_key_verifies_within_the_grace(ring, source, secrets, clock):
    signed = token(ring, clock, exp=clock.time() + 10_000)
    rotate(source, secrets, TWO)
    assert ring.verify_jwt(signed)["sub"] == "somebody"
    clock.advance(601)
    with pytest.raises(BadSignature):
        ring.verify_jwt(signed)


def test_the_times_of_a_token_are_checked_against_the_clock(ring, clock):
    signed = token(ring, clock, nbf=clock.time() + 30)
    with pytest.raises(BadSignature, match="not valid yet"):
        ring.verify_jwt(signed)
    assert ring.verify_jwt(signed, leeway=30)
    clock.advance(30)
    assert ring.verify_jwt(signed)
    clock.advance(30)
    with pytest.raises(BadSignature, match="expired"):
        ring.verify_jwt(signed)
    assert ring.verify_jwt(signed, leeway=1)


def test_what_a_token_must_not_be(ring, clock):
    good = {"sub": "somebody", "exp": int(clock.time()) + 60}
    key_id = ring.sign("x").partition(".")[0]
    wrong = [
        jwt.encode(good, None, algorithm="none", headers={"kid": key_id}),
        jwt.encode(good, ONE, algorithm="HS512", headers={"kid": key_id}),
        jwt.encode(good, TWO, algorithm="HS256", headers={"kid": key_id}),
        jwt.encode(good, ONE, algorithm="HS256"),
        jwt.encode({"sub": "somebody"}, ONE, algorithm="HS256", headers={"kid": key_id}),
        jwt.encode({**good, "exp": "soon"}, ONE, algorithm="HS256", headers={"kid": key_id}),
        jwt.encode({**good, "aud": "others"}, ONE, algorithm="HS256", headers={"kid": key_id}),
        "not.a.token",
        "",
    ]
    for each in wrong:
        with pytest.raises(BadSignature) as caught:
            ring.verify_jwt(each)
        assert caught.value.__context__ is None
        assert ONE not in str(caught.value)
    with pytest.raises(BadSignature):
        ring.verify_jwt(token(ring, clock), issuer="somebody else")
    with pytest.raises(BadSignature):
        ring.verify_jwt(token(ring, clock), audience="us")


def test_a_token_without_expiry_only_where_that_was_asked_for(ring):
    signed = ring.sign_jwt({"sub": "somebody"})
    with pytest.raises(BadSignature):
        ring.verify_jwt(signed)
    assert ring.verify_jwt(signed, require=["sub"])["sub"] == "somebody"


def test_other_algorithms_of_the_family(secrets, clock):
    ring = KeyRing(secrets, "key", algorithm="HS512", clock=clock)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signed = token(ring, clock)
        assert jwt.get_unverified_header(signed)["alg"] == "HS512"
        assert ring.verify_jwt(signed)["sub"] == "somebody"


def test_without_pyjwt_the_error_says_what_to_install(ring, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ConfigError, match=r"wellkept\[jwt\]") as caught:
        ring.sign_jwt({})
    assert caught.value.__context__ is None
