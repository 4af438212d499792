"""Asking providers, each against a double: what is sent, how answers are read, and that nothing of it is kept."""

import io
import logging
import re
from base64 import b64encode
from contextlib import redirect_stderr, redirect_stdout

import pytest

from doubles.leaks import finding
from doubles.providers import Providers
from wellkept.clock import ManualClock
from wellkept.errors import ConfigError
from wellkept.scanning.report import FORMATS, render
from wellkept.scanning.report.rows import rows
from wellkept.scanning.rule import Rule, load_builtin
from wellkept.scanning.verify.provider import providers
from wellkept.scanning.verify.verifier import Verifier, endpoints, names, shown

SECRET = "q7" + "Zr9kPw2XmT4vBn8LsD6hJc3FgYa1QeUo5tAbCd"[:38]
AWS_ID = "AKIA" + "Q7ZRKPWXMTVBNLSD"
WEBHOOK = "discord.com/api/webhooks/" + "123456789012345678/" + SECRET
BESIDE = (
    b"site=shop.atlassian.net me@example.com shop.okta.com adb-123456789.7.azuredatabricks.net x.myshopify.com x.grafana.net AC"
    + b"0a" * 16
)
LIVE = b'{"id":"u1","ok":true,"valid":true,"status":"active","team":"T","viewer":1,"currentUser":{"a":1},"user":{"id":1}}'
ARN = b"<Arn>arn:aws:iam::123456789012:user/ci</Arn>"


@pytest.fixture
def server():
    made = Providers()
    yield made
    made.close()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def verifier(server, clock):
    with Verifier(endpoints=dict.fromkeys(names(), server.url), clock=clock) as made:
        yield made


def credential(name):
    return WEBHOOK if name == "discord_webhook" else f"{SECRET}-us21" if name == "mailchimp" else SECRET


def ask(verifier, name):
    beside = BESIDE + b" " + AWS_ID.encode() if name == "aws" else BESIDE
    return verifier.check(name, credential(name).encode(), beside)


def test_at_least_25_providers_can_be_asked():
    assert len(names()) >= 60


def test_every_verifier_that_a_rule_names_exists_or_is_left_out_on_purpose():
    # No read-only call without more than the credential: an account's name, a server's address, an exchange.
    without = {"azure_storage", "dockerhub", "onepassword", "pypi", "vault"}
    assert {rule.verify for rule in load_builtin() if rule.verify} - set(names()) <= without


@pytest.mark.parametrize("name", names())
def test_a_live_credential_is_recognised_and_sent_where_it_belongs(name, verifier, server):
    server.answer(200, LIVE + ARN)
    outcome = ask(verifier, name)
    assert (outcome.state, outcome.status, outcome.reason) == ("live", 200, "")
    method, path, headers, body = server.requests[0]
    assert method in ("GET", "POST")
    whole = path.encode() + repr(headers).encode() + body
    sent = [credential(name), b64encode(f"api:{SECRET}".encode()).decode()]
    encoded = re.search(r"Basic (\S+)'", repr(headers))
    plain = __import__("base64").b64decode(encoded[1]).decode() if encoded else ""
    if name == "aws":
        assert SECRET.encode() not in whole, "the secret key signs, it is not sent"
    else:
        assert (
            any(value.encode() in whole for value in sent)
            or credential(name) in plain
            or path.endswith(SECRET)
        )


@pytest.mark.parametrize("name", names())
def test_a_dead_credential_is_recognised(name, verifier, server):
    body = b'{"error":"invalid_auth","valid":false,"m":"API_KEY_INVALID"}<Code>InvalidClientTokenId</Code>'
    provider = providers().get(name)
    server.answer(403 if provider is None else provider.dead[0], body)
    assert ask(verifier, name).state == "dead"


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_says_nothing_of_the_credential(name, status, verifier, server):
    server.answer(status, b"oops")
    outcome = ask(verifier, name)
    assert outcome.state == "unknown"
    assert outcome.reason == ("throttled" if status == 429 else f"answered {status}")


@pytest.mark.parametrize("name", names())
def test_an_answer_of_another_kind_is_not_taken_for_life(name, verifier, server):
    server.answer(200, b"<html>a login page</html>")
    provider = providers().get(name)
    if provider is None or provider.live_body:
        assert ask(verifier, name).state == "unknown"


@pytest.mark.parametrize("name", names())
def test_what_explain_shows_holds_the_address_and_no_place_for_the_secret(name):
    text = shown(name)
    assert "https://" in text
    assert "*****" in text
    assert "{secret" not in text


def test_every_provider_is_asked_by_tls_at_its_own_domain():
    for provider in providers().values():
        assert provider.base.startswith("https://"), provider.name
        for pattern in provider.companions.values():
            assert re.fullmatch(pattern, "evil.example.com") is None


def test_a_host_beside_the_credential_that_is_not_the_providers_is_never_asked(server):
    with Verifier() as made:
        outcome = made.check(
            "okta", SECRET.encode(), b"https://okta.com.evil.example/ and evil.example?okta.com"
        )
    assert outcome.state == "unknown"
    assert "same line" in outcome.reason


def test_the_same_credential_is_asked_about_once(verifier, server):
    server.answer(200, LIVE)
    assert {ask(verifier, "github") for _ in range(5)} == {ask(verifier, "github")}
    assert len(server.requests) == 1


def test_requests_to_one_server_keep_their_distance(server, clock):
    server.answer(200, LIVE)
    begun = clock.monotonic()
    with Verifier(endpoints={"github": server.url}, clock=clock, interval=2.0) as made:
        for number in range(4):
            made.check("github", f"{SECRET}{number}".encode())
    assert clock.monotonic() - begun == pytest.approx(6.0)


def test_a_run_asks_at_most_so_often(server, clock):
    server.answer(200, LIVE)
    with Verifier(endpoints={"github": server.url}, clock=clock, max_requests=2) as made:
        states = [made.check("github", f"{SECRET}{number}".encode()) for number in range(4)]
    assert [outcome.state for outcome in states] == ["live", "live", "unknown", "unknown"]
    assert "bound" in states[3].reason
    assert len(server.requests) == 2


def test_a_server_that_is_not_there_is_named_and_the_credential_is_not(clock):
    with Verifier(endpoints={"telegram": "http://127.0.0.1:9"}, clock=clock) as made:
        outcome = made.check("telegram", SECRET.encode())
    assert outcome.state == "unknown"
    assert "127.0.0.1:9" in outcome.reason
    assert SECRET not in outcome.reason


@pytest.mark.parametrize("secret", [b"a\r\nX-Evil: 1", b"\xff\xfe", b"", b"x" * 10_000, "é".encode()])
def test_what_cannot_stand_in_a_request_is_not_sent(secret, verifier, server):
    assert verifier.check("github", secret).state == "unknown"
    assert server.requests == []


def test_a_redirect_is_not_followed(verifier, server):
    server.answer(301, b"")
    assert ask(verifier, "github").state == "unknown"
    assert len(server.requests) == 1


def test_findings_get_the_outcome_and_nothing_of_the_secret(verifier, server, caplog):
    server.answer(200, LIVE + SECRET.encode())
    rules = {
        "r": Rule(id="r", name="R", provider="P", pattern="x", verify="github"),
        "q": Rule(id="q", name="Q", provider="P", pattern="x"),
    }
    out = io.StringIO()
    with caplog.at_level(logging.DEBUG), redirect_stdout(out), redirect_stderr(out):
        first, second = verifier.verify(
            [finding(SECRET, f"t={SECRET}", rule="r"), finding("other" * 3, "x", rule="q")], rules
        )
    assert first.details["verify"]["state"] == "live"
    assert "verify" not in second.details
    assert SECRET not in caplog.text + out.getvalue() + repr(first.details)
    for kind in FORMATS:
        assert SECRET not in render(kind, rows([first]))


def test_halves_of_an_aws_key_on_two_lines_find_each_other(verifier, server):
    server.answer(200, ARN)
    rules = {
        name: Rule(id=name, name=name, provider="AWS", pattern="x", verify="aws") for name in ("id", "key")
    }
    found = [
        finding(AWS_ID, f"id = {AWS_ID}", rule="id"),
        finding(SECRET, f"key = {SECRET}", rule="key", line=4),
    ]
    outcomes = [item.details["verify"] for item in verifier.verify(found, rules)]
    assert [outcome["state"] for outcome in outcomes] == ["live", "live"]
    assert outcomes[0]["account"] == "arn:aws:iam::123456789012:user/ci"
    assert f"Credential={AWS_ID}/" in server.requests[0][2]["authorization"]


def test_half_an_aws_key_is_not_sent(verifier, server):
    assert verifier.check("aws", AWS_ID.encode()).state == "unknown"
    assert server.requests == []


def test_a_webhook_is_asked_at_the_provider_whatever_host_it_names(verifier, server):
    server.answer(200, b"{}")
    verifier.check("discord_webhook", b"https://discord.com@evil.example/api/webhooks/1/x")
    assert server.requests[0][1] == "/api/webhooks/1/x"


def test_addresses_of_ones_own_come_from_the_environment():
    found = endpoints(
        {"WELLKEPT_VERIFY_ENDPOINTS": "gitlab=https://git.example.com, github=https://ghe.example.com/api/v3"}
    )
    assert found == {"gitlab": "https://git.example.com", "github": "https://ghe.example.com/api/v3"}
    assert endpoints({}) == {}
    with pytest.raises(ConfigError, match="NAME=URL"):
        endpoints({"WELLKEPT_VERIFY_ENDPOINTS": "nobody=https://x"})
