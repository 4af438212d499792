import json
import os
import stat

import pytest


def test_a_value_from_stdin_loses_one_line_end_and_no_more(shop):
    shop.ok("set", "A", stdin="value\n")
    assert shop.ok("get", "A", "--raw").bytes == b"value"
    shop.ok("set", "A", stdin="two\n\n")
    assert shop.ok("get", "A", "--raw").bytes == b"two\n"
    shop.ok("set", "A", stdin="dos\r\n")
    assert shop.ok("get", "A", "--raw").bytes == b"dos"


def test_a_value_from_a_file_is_taken_byte_for_byte(shop):
    path = shop.write("key.pem", "-----BEGIN-----\nabc\n-----END-----\n")
    shop.ok("set", "tls", "--file", path)
    assert shop.ok("get", "tls").out == "-----BEGIN-----\nabc\n-----END-----\n"


def test_a_value_is_never_taken_from_an_argument_and_never_repeated(shop):
    refused = shop("set", "A", "hunter2")
    assert refused.code == 2
    assert "hunter2" not in refused.err + refused.out
    assert shop("get", "A").code == 3


def test_who_insists_may_use_an_argument(shop):
    shop.ok("set", "A", "--insist-value", "hunter2")
    assert shop.ok("get", "A").out == "hunter2\n"


def test_nothing_on_stdin_is_not_an_empty_secret(shop):
    refused = shop("set", "A", stdin="")
    assert refused.code == 65
    assert "--empty" in refused.err
    shop.ok("set", "A", "--empty", stdin="")
    assert shop.ok("get", "A", "--raw").bytes == b""


def test_binary_is_kept_when_it_is_meant_and_refused_when_not(shop):
    refused = shop("set", "A", stdin=b"\xff\xfe\n")
    assert refused.code == 65
    assert "--binary" in refused.err
    shop.ok("set", "A", "--binary", stdin=b"\xff\xfe\n")
    assert shop.ok("get", "A").bytes == b"\xff\xfe\n"
    assert shop.ok("get", "A", "--json").json["value_base64"] == "//4K"


def test_an_object_has_fields(shop):
    shop.ok("set", "db", "--json-object", stdin='{"user": "u", "port": 5432, "password": "p"}')
    assert shop.ok("get", "db#password").out == "p\n"
    assert shop.ok("get", "db", "--field", "port").out == "5432\n"
    assert json.loads(shop.ok("get", "db").out) == {"user": "u", "port": 5432, "password": "p"}
    missing = shop("get", "db#nothing")
    assert missing.code == 3
    assert shop("get", "db#a", "--field", "b").code == 2


def test_one_field_can_be_changed_or_begun_with(shop):
    shop.ok("set", "db", "--json-object", stdin='{"user": "u", "password": "old"}')
    shop.ok("set", "db#password", stdin="new\n")
    assert json.loads(shop.ok("get", "db").out) == {"user": "u", "password": "new"}
    shop.ok("set", "fresh#token", stdin="t")
    assert json.loads(shop.ok("get", "fresh").out) == {"token": "t"}


def test_an_object_that_is_none_is_refused_without_being_quoted(shop):
    for text in ('["hunter2"]', '{"a": hunter2}', '{"a": "hunter2", "a": 1}'):
        refused = shop("set", "db", "--json-object", stdin=text)
        assert refused.code == 65
        assert "hunter2" not in refused.err


def test_check_and_set(shop):
    shop.ok("set", "A", "--cas", "0", stdin="one")
    assert shop("set", "A", "--cas", "0", stdin="two").code == 5
    shop.ok("set", "A", "--cas", "1", stdin="two")
    assert shop.ok("get", "A").out == "two\n"


def test_an_expired_version_is_not_there(shop):
    shop.ok("set", "A", "--expires", "2020-01-01", stdin="old")
    gone = shop("get", "A")
    assert gone.code == 3
    shop.ok("set", "A", "--expires", "30d", stdin="fresh")
    assert shop.ok("get", "A").out == "fresh\n"


def test_versions_and_stages_can_be_asked_for(shop):
    shop.ok("set", "A", stdin="one")
    shop.ok("set", "A", stdin="two")
    assert shop.ok("get", "A", "--version", "1").out == "one\n"
    assert shop.ok("get", "A", "--stage", "previous").out == "one\n"
    assert shop("get", "A", "--version", "9").code == 3


def test_what_is_known_about_the_secret_is_set_along(shop):
    shop.ok(
        "set", "A", "--description", "for tests", "--owner", "me", "--tag", "k=v", "--tag", "x=y=z", stdin="1"
    )
    data = shop.ok("metadata", "A", "--json").json
    assert (data["description"], data["owner"], data["tags"]) == ("for tests", "me", {"k": "v", "x": "y=z"})


def test_a_file_gets_the_value_with_mode_0600_and_is_not_replaced(shop):
    shop.ok("set", "A", stdin="value")
    os.umask(os.umask(0o022))
    shop.ok("get", "A", "--out", "secret.txt")
    path = shop.directory / "secret.txt"
    assert path.read_bytes() == b"value"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert shop("get", "A", "--out", "secret.txt").code == 65
    path.chmod(0o644)
    path.write_bytes(b"something longer")
    shop.ok("get", "A", "--out", "secret.txt", "--force")
    assert path.read_bytes() == b"value"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_is_not_written_through(shop):
    shop.ok("set", "A", stdin="value")
    target = shop.directory / "target"
    target.write_text("")
    (shop.directory / "link").symlink_to(target)
    assert shop("get", "A", "--out", "link", "--force").code != 0
    assert target.read_text() == ""


def test_json_says_all_about_the_version(shop):
    shop.ok("set", "A", "--stage", "blue", stdin="v")
    shop.ok("set", "A", stdin="w")
    data = shop.ok("get", "A", "--json").json
    assert data["name"] == "dev/shop/A"
    assert data["value"] == "w"
    assert data["version"] == 2
    assert data["state"] == "ok"


@pytest.mark.parametrize("name", ["a//b", "../x", "a/../b", ".", "x\ny"])
def test_a_bad_name_is_refused(shop, name):
    assert shop("set", name, stdin="v").code == 65


def test_a_value_above_the_limit_is_refused_with_both_sizes(shop):
    refused = shop("set", "A", stdin=b"x" * (1024 * 1024 + 1))
    assert refused.code == 65
    assert "1048576" in refused.err
