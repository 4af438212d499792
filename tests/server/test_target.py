"""Paths have one meaning each, from the door on (CVE-2026-3605, CVE-2026-63131); and whose request it is."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.core.refusal import Refusal
from wellkept.server.forwarded import Forwarding, parse_address
from wellkept.server.target import Redirect, parameters, split


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/v1/secret/data/a", "/v1/secret/data/a"),
        (b"/v1/secret/data/a/", "/v1/secret/data/a/"),
        (b"/v1/secret/data/a%2Fb", "/v1/secret/data/a/b"),
        (b"/v1/secret/data/a%20b", "/v1/secret/data/a b"),
        (b"/v1/secret/data/%C3%A9", "/v1/secret/data/é"),
        (b"/v1/secret/data/.hidden", "/v1/secret/data/.hidden"),
        (b"/v1/secret/data/a...b", "/v1/secret/data/a...b"),
        (b"/v1/secret/data/a%252e", "/v1/secret/data/a%2e"),
    ],
)
def test_a_path_is_decoded_once(target: bytes, path: str) -> None:
    assert split(target + b"?list=true") == (path, b"list=true")


@pytest.mark.parametrize(
    ("target", "location"),
    [
        (b"/v1//sys/health", "/v1/sys/health"),
        (b"//v1/sys/health", "/v1/sys/health"),
        (b"/v1/sys/../secret/data/a", "/v1/secret/data/a"),
        (b"/v1/../../etc/passwd", "/etc/passwd"),
        (b"/v1/secret/./data/a?x=1", "/v1/secret/data/a?x=1"),
        (b"/v1/secret/data/..", "/v1/secret"),
        (b"/v1/a%41//b", "/v1/a%41/b"),
        (b"/v1//a\r\nSet-Cookie: x", "/v1/a%0D%0ASet-Cookie:%20x"),
        (b"////evil.example/x", "/evil.example/x"),
    ],
)
def test_what_is_not_in_its_shortest_form_is_sent_there(target: bytes, location: str) -> None:
    with pytest.raises(Redirect) as found:
        split(target)
    assert found.value.location == location


@pytest.mark.parametrize(
    "target",
    [
        b"/v1/sys/%2e%2e/secret", b"/v1/a/%2E./b", b"/v1/a%2F%2Fb", b"/v1/a%2F..%2Fb", b"/v1/a/%2e/b", b"/v1/%00", b"/v1/a%0ab",
        b"/v1/a%7f", b"/v1/a%zz", b"/v1/a%", b"/v1/a%2", b"/v1/%ff", b"/v1/%c0%ae%c0%ae/", b"/v1/a%e2%80%a8b", b"v1/x", b"*",
        b"http://other/v1/x",
    ],
)  # fmt: skip
def test_what_hides_another_path_is_refused(target: bytes) -> None:
    with pytest.raises((Refusal, Redirect)) as found:
        split(target)
    if isinstance(found.value, Redirect):
        pytest.fail(found.value.location) if not target.startswith(b"http") else None


@given(st.binary(max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_path_that_passes_means_another(rest: bytes) -> None:
    try:
        path, _ = split(b"/v1/" + rest.replace(b"?", b""))
    except (Refusal, Redirect):
        return
    segments = path.split("/")
    assert ".." not in segments
    assert "." not in segments
    assert "" not in segments[1:-1]
    assert all(char.isprintable() or char == " " for char in path)


def test_parameters_are_text_or_lists_of_it_and_help_is_none() -> None:
    assert parameters(b"a=1&b=2&b=3&help=1&c=") == {"a": "1", "b": ["2", "3"], "c": ""}
    with pytest.raises(Refusal):
        parameters(b"&".join(b"a%d=1" % n for n in range(500)))
    with pytest.raises(Refusal):
        parameters(b"a=%ff")


LOCAL = ipaddress.ip_network("127.0.0.0/8")


@pytest.mark.parametrize(
    ("forwarding", "header", "expected"),
    [
        (Forwarding(), b"1.2.3.4", "127.0.0.1"),
        (Forwarding((LOCAL,)), b"1.2.3.4", "1.2.3.4"),
        (Forwarding((LOCAL,)), b"9.9.9.9, 1.2.3.4", "1.2.3.4"),
        (Forwarding((LOCAL,), skips=1), b"2.3.4.5,3.4.5.6,4.5.6.7,5.6.7.8", "4.5.6.7"),
        (Forwarding((LOCAL,)), b"[2001:db8::1]:443", "2001:db8::1"),
        (Forwarding((LOCAL,)), b"1.2.3.4:5678", "1.2.3.4"),
        (Forwarding((LOCAL,), reject_absent=False), None, "127.0.0.1"),
        (Forwarding((ipaddress.ip_network("10.0.0.0/8"),), reject_untrusted=False), b"1.2.3.4", "127.0.0.1"),
    ],
)
def test_a_forwarded_address_is_believed_of_trusted_proxies_only(
    forwarding: Forwarding, header: bytes | None, expected: str
) -> None:
    assert forwarding.client("127.0.0.1", header) == expected


@pytest.mark.parametrize(
    ("forwarding", "header", "text"),
    [
        (Forwarding((LOCAL,)), None, "missing x-forwarded-for"),
        (Forwarding((ipaddress.ip_network("10.0.0.0/8"),)), b"1.2.3.4", "not authorized for x-forwarded-for"),
        (Forwarding((LOCAL,), skips=4), b"1.2.3.4", "would skip before earliest"),
        (Forwarding((LOCAL,)), b"nobody", "not an address"),
    ],
)
def test_what_a_proxy_should_not_send_is_refused(
    forwarding: Forwarding, header: bytes | None, text: str
) -> None:
    with pytest.raises(Refusal, match=text):
        forwarding.client("127.0.0.1", header)


def test_an_ipv4_address_within_ipv6_is_that_address() -> None:
    assert str(parse_address("::ffff:10.0.0.1")) == "10.0.0.1"
    assert Forwarding((LOCAL,)).client("::ffff:127.0.0.1", b"1.2.3.4") == "1.2.3.4"
