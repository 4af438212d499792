import os
import stat

from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key


def test_a_password_is_printed_and_needs_no_store(bare):
    out = bare.ok("generate", "password").out
    assert len(out) == 33
    assert out.endswith("\n")
    assert len(bare.ok("generate", "hex", "--bytes", "20").out) == 41


def test_what_is_stored_is_not_printed(shop):
    result = shop.ok("generate", "password", "--length", "40", "--set", "A")
    value = shop.ok("get", "A", "--raw").out
    assert len(value) == 40
    assert value not in result.out + result.err
    as_json = shop.ok("generate", "password", "--set", "A", "--json")
    assert shop.ok("get", "A", "--raw").out not in as_json.out
    assert as_json.json["version"] == 2


def test_a_stored_key_pair_prints_its_public_half_only(shop):
    result = shop.ok("generate", "ed25519", "--set", "jwt/key")
    private = load_pem_private_key(shop.ok("get", "/jwt/key").bytes, None)
    assert "PRIVATE" not in result.out + result.err
    public = load_pem_public_key(result.out[result.out.index("-----") :].encode())
    assert public.public_bytes_raw() == private.public_key().public_bytes_raw()


def test_files_for_both_halves(bare):
    result = bare.ok("generate", "ec", "--curve", "p384", "--out", "key.pem", "--public-out", "key.pub")
    assert result.out == ""
    assert stat.S_IMODE(os.stat("key.pem").st_mode) == 0o600
    load_pem_private_key((bare.directory / "key.pem").read_bytes(), None)
    load_pem_public_key((bare.directory / "key.pub").read_bytes())


def test_weak_wishes_are_refused(bare):
    for words in (["password", "--length", "7"], ["rsa", "--bits", "1024"], ["hex", "--bytes", "8"]):
        assert bare("generate", *words).code == 65
    assert bare("generate", "rot13").code == 2
    assert bare("generate", "password", "--cas", "1").code == 2
