"""A dozen rules and tokens made up here; none of them opens anything."""

import pytest

from wellkept.scanning.rule import Rule

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def letters(seed: int, count: int) -> str:
    """Letters and digits that depend on the seed alone."""
    out, state = "", seed * 2654435761 % 2**32 or 1
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        out += ALPHABET[(state >> 12) % 62]
    return out


RULES = [
    Rule("alpha", "Alpha token", "alpha", r"\balp_[A-Za-z0-9]{36}\b", ("alp_",)),
    Rule("beta", "Beta key", "beta", r"\b(BETA[A-Z2-7]{16})\b", ("beta",)),
    Rule("gamma", "Gamma", "gamma", r"(?i:gamma_?key)[^\n]{0,20}?\b(?P<secret>[0-9a-f]{32})\b", ("gamma",)),
    Rule("pem", "PEM", "pem", r"-----BEGIN TEST KEY-----[A-Za-z0-9+/=\s]{64,900}-----END TEST KEY-----", ("begin",)),
    Rule("bare", "No keyword", "bare", r"\bbr[0-9]{20,40}\b"),
    Rule("entropy", "Random enough", "e", r"\bent_([A-Za-z0-9]{20})\b", ("ent_",), entropy=3.5),
    Rule("allowed", "With allow", "w", r"\bwal_([A-Za-z0-9]{20})\b", ("wal_",), allow=("^EXAMPLE",)),
    Rule("path", "Only in env files", "p", r"(?m)^PW=(\S{8,60})$", ("pw=",), path=r"\.env$"),
    Rule("near", "Near a word", "n", r"\b[0-9]{6}-[0-9]{6}\b", near="(?i)delta", context=64),
    Rule("lines", "Two lines", "l", r"user: (\w{1,20})\npass: (?P<secret>\w{8,40})", ("pass:",)),
    Rule("either", "An alternative", "x", r"eth_(?:a=([a-z]{12})|b=[a-z]{12})", ("eth_",)),
    Rule("quoted", "Generic, quoted", "", r"""(?i:secret)[\w.-]{0,8}\s{0,3}[:=]\s{0,3}["'](?P<secret>[^"'\n]{8,60})["']""",
         ("secret",), generic=True),
    Rule("unquoted", "Generic, bare", "", r"""(?i:secret)[\w.-]{0,8}\s{0,3}[:=]\s{0,3}(?P<secret>[^"'\s]{8,60})""",
         ("secret",), generic=True),
    Rule("greedy", "As long as it goes", "g", r"grd_[a-z0-9]{8,64}", ("grd_",)),
]  # fmt: skip


@pytest.fixture(scope="session")
def rules():
    return RULES


@pytest.fixture(scope="session")
def token():
    """``token(n)``: the n-th alpha token."""
    return lambda n: b"al" + b"p_" + letters(n, 36).encode()


@pytest.fixture(autouse=True)
def cache_home(tmp_path_factory, monkeypatch):
    """Compiled rules of the tests do not go into the developer's own cache; they share one folder."""
    base = tmp_path_factory.getbasetemp() / "scan-cache"
    base.mkdir(exist_ok=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(base))
