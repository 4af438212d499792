import json

import pytest

DOCUMENT = {"path": {"secret/data/prod/*": {"capabilities": ["read"]}}}


def test_a_policy_is_written_listed_read_and_deleted(shop):
    shop.write("p.json", json.dumps(DOCUMENT))
    shop.ok("policy", "write", "readers", "p.json")
    shop.ok("policy", "write", "others", "-", stdin=json.dumps(DOCUMENT))
    assert shop.ok("policy", "list").out.split() == ["others", "readers"]
    assert shop.ok("policy", "list", "--json").json == ["others", "readers"]
    assert shop.ok("policy", "read", "readers").json == DOCUMENT
    shop.ok("policy", "delete", "others")
    assert shop.ok("policy", "list").out.split() == ["readers"]
    assert shop("policy", "read", "others").code == 3


@pytest.mark.parametrize(
    "text", ["nope", "[]", '{"path": {"x": {"capabilities": ["fly"]}}}', '{"path": {}, "path": {}}']
)
def test_a_bad_policy_is_refused(shop, text):
    assert shop("policy", "write", "p", "-", stdin=text).code in (65, 78)
    assert shop.ok("policy", "list").out == ""
