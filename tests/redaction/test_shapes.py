"""Shapes: what is hidden without being known, and what is not although it resembles it.

Tokens are put together from two halves, so that no scanner takes this file's for real ones.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.redaction.known import Known
from wellkept.redaction.redactor import FAILED, Redactor
from wellkept.redaction.shape import Shape
from wellkept.redaction.shapes import SHAPES

Make = Callable[..., Redactor]

R = "[redacted]"
HIDDEN = [
    ("sk_live" + "_4eC39HqLyjWDarjtT1zdp7dc", R),
    ("key rk_test" + "_4eC39HqLyjWDarjtT1zdp7dc.", f"key {R}."),
    ("whsec" + "_abcdefghijklmnopqrstuvwxyz012345", R),
    ("ghp" + "_0123456789abcdefghijABCDEFGHIJ012345", R),
    ("x=gho" + "_0123456789abcdefghijABCDEFGHIJ012345;", f"x={R};"),
    ("github_pat" + "_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", R),
    ("https://ghp" + "_0123456789abcdefghijABCDEFGHIJ012345@github.com/x", f"https://{R}@github.com/x"),
    ("glpat" + "-abcdefghij0123456789", R),
    ("xoxb" + "-123456789012-abcdefghijkl", R),
    ("xapp" + "-1-A0123456789-abcdefghijkl", R),
    (
        "https://hooks.slack.com/services" + "/T00000000/B00000000/XXXXXXXXXXXXXXXX",
        f"https://hooks.slack.com/services/{R}",
    ),
    ("aws AKIA" + "IOSFODNN7EXAMPLE", f"aws {R}"),
    ("ASIA" + "IOSFODNN7EXAMPLE,", f"{R},"),
    ("AWS_SECRET_ACCESS_KEY" + "=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", f"AWS_SECRET_ACCESS_KEY={R}"),
    ('"SecretAccessKey": ' + '"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"', f'"SecretAccessKey": "{R}"'),
    ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", R),
    ("sk-" + "proj-abcdefghijklmnop1234567890", R),
    ("sk-" + "ant-api03-abcdefghijklmnop1234567890", R),
    ("eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0.abc-DEF_ghijklmnop", R),
    ("npm" + "_abcdefghijklmnopqrstuvwxyz0123456789", R),
    ("pypi" + "-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAw", R),
    ("SG" + ".ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr", R),
    ("SK" + "0123456789abcdef0123456789abcdef", R),
    ("hvs" + ".CAESIJ1234567890abcdefghijkl", R),
    ("AGE-SECRET-KEY" + "-1" + "Q" * 58, R),
    ("postgresql://user:s3cret@db.internal/app", f"postgresql://user:{R}@db.internal/app"),
    ("redis://:s3cret@cache:6379/0", f"redis://:{R}@cache:6379/0"),
    ("amqp://u:p@ss@h/v", f"amqp://u:{R}@h/v"),
    ('{"u": "postgresql:\\/\\/user:s3cret@db\\/app"}', f'{{"u": "postgresql:\\/\\/user:{R}@db\\/app"}}'),
    ("Authorization: Bearer abc.def-ghi", f"Authorization: Bearer {R}"),
    ("authorization: Basic dXNlcjpwYXNz", f"authorization: Basic {R}"),
    ("{'Authorization': 'Bearer abcdefghijk'}", f"{{'Authorization': 'Bearer {R}'}}"),
    ("(b'authorization', b'Token abcdefghijk')", f"(b'authorization', b'Token {R}')"),
    ("Authorization: 0123456789abcdef0123", f"Authorization: {R}"),
    ("got Bearer abcdefghijklmnop1234 from", f"got Bearer {R} from"),
    ("password=hunter2", f"password={R}"),
    ('DB_PASSWORD="p a s s"', f'DB_PASSWORD="{R}"'),
    ('{"password": "abc\\"def", "user": "x"}', f'{{"password": "{R}", "user": "x"}}'),
    ('{\\"password\\": \\"abc def\\", \\"x\\": 1}', f'{{\\"password\\": \\"{R}\\", \\"x\\": 1}}'),
    ("{'db_password': 'abc', 'x': 1}", f"{{'db_password': '{R}', 'x': 1}}"),
    ("('password', 'swordfish')", f"('password', '{R}')"),
    ("password: swordfish", f"password: {R}"),
    ("Password: Tr0ub4dor&3", f"Password: {R}"),
    ("PGPASSWORD=abc psql", f"PGPASSWORD={R} psql"),
    ("mysql --password=hunter2 -u x", f"mysql --password={R} -u x"),
    ("tool --db-password hunter2 run", f"tool --db-password {R} run"),
    ("connect(password='hunter2')", f"connect(password='{R}')"),
    ("connect(password=hunter2)", f"connect(password={R})"),
    ("password=bruno1", f"password={R}"),
    ("password=b'abc'", f"password=b'{R}'"),
    ("<password>hunter2</password>", f"<password>{R}</password>"),
    ("Server=x;Uid=y;Pwd=abc123;Database=z", f"Server=x;Uid=y;Pwd={R};Database=z"),
    ("passphrase: correct-horse", f"passphrase: {R}"),
    ("api_key=abcd1234efgh", f"api_key={R}"),
    ('{"apiKey": "abcd1234efgh"}', f'{{"apiKey": "{R}"}}'),
    ("X-Api-Key: abcd1234efgh", f"X-Api-Key: {R}"),
    ("https://x.y/z?token=abc123def456&user=me", f"https://x.y/z?token={R}&user=me"),
    ("client_secret=abcDEF123456", f"client_secret={R}"),
    ("SECRET_KEY_BASE=0123456789abcdef0123456789abcdef", f"SECRET_KEY_BASE={R}"),
    ("AccountKey=abcdefgh1234+/==;EndpointSuffix=x", f"AccountKey={R};EndpointSuffix=x"),
]

KEPT = """
password = get_password()
Change(name='DATABASE_PASSWORD', old=<Secret 'DATABASE_PASSWORD', version='1'>)
password: must not be empty
password=${DB_PASSWORD}
password=***
password=<your password>
Password is incorrect
wrong password for user bob
password required
Password:
password=None token=None secret=None
self.password = password
conn.connect(password=settings.DB_PASSWORD)
raise ValueError("password: wrong")
password_reset_url=https://x/y
PASSWORD_FILE=/run/secrets/db
token: expected ')'
token = self.token
next_token=2
max_tokens=4096 temperature=0.7
GET /api/v1/tokens/123 200
tokenizer=bert-base-uncased-v2
key=value cache_key=user:1234:profile
monkey: banana key: abc
PWD=/home/user/app OLDPWD=/tmp
task-force-of-people-1234567890abc
disk-usage-is-above-1234-percent-now
Basic authentication is required
authorization: failed for user bob
Authorization header missing
bearer of bad news
token_type=bearer trace=4bf92f3577b34da6a3ce929d0e0e4736
http://localhost:8000/users/bob@example.com
http://[::1]:8080/
git clone ssh://git@host:22/repo
2026-11-22T19:50:01.123Z https://example.com:443/path?a=b@c
trace=4bf92f3577b34da6a3ce929d0e0e4736
id=9f1c2d3e-aaaa-bbbb-cccc-0123456789ab
sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
-----BEGIN PUBLIC KEY-----\\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\\n-----END PUBLIC KEY-----
-----BEGIN CERTIFICATE-----\\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A
no such file -----BEGIN PRIVATE KEY----- missing
RISK-1234 SKU0123 ASIAN markets through the night
the secret: there is none
secretary: Bob Smith
secret=projects/x/secrets/y
""".strip().splitlines()


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_a_credential_is_hidden_and_the_structure_stays(knowing: Make, text: str, expected: str) -> None:
    redactor = knowing(shapes=True)
    assert redactor.redact(text) == expected
    assert redactor.redact(f"é — {text}\nnext") == f"é — {expected}\nnext"
    assert redactor.redact(expected) == expected


@pytest.mark.parametrize("text", KEPT)
def test_prose_code_and_identifiers_are_no_false_alarm(knowing: Make, text: str) -> None:
    assert knowing(shapes=True).redact(text) == text


@pytest.mark.parametrize(
    "kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\\n", "\n    ", "\n| "])
def test_a_private_key_is_hidden_across_lines(knowing: Make, kind: str, newline: str) -> None:
    body = ["MIIEpAIBAAKCAQEA" + "abcdefghij0123456789" * 2] * 5 + ["c2hvcnQ="]
    key = newline.join([f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----"])
    assert knowing(shapes=True).redact(f"a {key} b") == f"a -----BEGIN {kind}-----{R}-----END {kind}----- b"


def test_a_private_key_that_was_cut_off_is_hidden(knowing: Make) -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234567890\nabcdefghijabcdefghij1234\n"
    assert "abcdefghij" not in knowing(shapes=True).redact(key)


def test_an_encrypted_key_with_headers_is_hidden(knowing: Make) -> None:
    head = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n"
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{head}MIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
    assert "MIIEpAIBAAKCAQEA" not in knowing(shapes=True).redact(key)


def test_a_known_value_inside_a_shape_is_named(knowing: Make) -> None:
    redactor = knowing({"prod/db": "s3cret-value"}, shapes=True)
    assert redactor.redact("postgresql://u:s3cret-value@h/d") == "postgresql://u:[redacted:prod/db]@h/d"
    assert redactor.redact("password=s3cret-value") == "password=[redacted:prod/db]"


def test_shapes_can_be_chosen_and_left_out(knowing: Make) -> None:
    import re

    mine = Shape("ticket", ("TICKET-",), re.compile(r"TICKET-(?P<secret>\d+)"))
    text = "TICKET-123 password=hunter2"
    assert Redactor(knowing().known, shapes=[mine]).redact(text) == "TICKET-[redacted] password=hunter2"
    assert Redactor(knowing().known, shapes=()).redact(text) == text
    assert (
        Redactor(knowing().known, shapes=[*SHAPES, mine]).redact(text)
        == "TICKET-[redacted] password=[redacted]"
    )


def test_every_shape_has_a_keyword_that_it_really_needs() -> None:
    for shape in SHAPES:
        assert all(len(keyword) >= 2 for keyword in shape.keywords)
        assert not shape.caseless or all(keyword == keyword.lower() for keyword in shape.keywords)


fragments = st.sampled_from([*(text for text, _ in HIDDEN), *(k for shape in SHAPES for k in shape.keywords)])
garbage = st.text("=:'\"\\ \n()[]{}&;,<>@/-_.aB9é\udc80\U0001f511", max_size=6)


@given(st.lists(fragments | garbage, max_size=8).map("".join))
@settings(max_examples=500)
def test_no_mixture_of_shapes_breaks_the_search(text: str) -> None:
    redactor = Redactor(Known())
    out = redactor.redact(text)
    assert out != FAILED
    assert redactor.redact(text.encode("utf-8", "surrogatepass")) == out.encode("utf-8", "surrogatepass")
