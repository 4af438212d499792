import pytest


@pytest.fixture
def stocked(shop):
    """Names whose order depends on how a slash sorts, and one that is a secret and a folder at once."""
    for name in ("/prod/billing/database", "/prod/billing/smtp", "/prod/web/key", "/top", "A", "B"):
        shop.ok("set", name, stdin="x")
    return shop


def test_without_a_folder_every_whole_name_is_listed(stocked):
    assert stocked.ok("list").out.split() == [
        "dev/shop/A",
        "dev/shop/B",
        "prod/billing/database",
        "prod/billing/smtp",
        "prod/web/key",
        "top",
    ]


def test_a_folder_lists_its_children(stocked):
    assert stocked.ok("list", "prod/").out.split() == ["prod/billing/", "prod/web/"]
    assert stocked.ok("list", "prod/billing").out.split() == ["prod/billing/database", "prod/billing/smtp"]


def test_recursively_everything_below(stocked):
    assert stocked.ok("list", "prod/", "-r").out.split() == [
        "prod/billing/database",
        "prod/billing/smtp",
        "prod/web/key",
    ]


def test_an_environment_lists_its_own(stocked):
    assert stocked.ok("list", "--env", "dev").out.split() == ["dev/shop/A", "dev/shop/B"]


def test_pages(stocked):
    everything = stocked.ok("list").out.split()
    found, after = [], ""
    while page := stocked.ok("list", "--limit", "4", "--after", after).out.split():
        assert len(page) <= 4
        found += page
        after = page[-1]
    assert found == everything
    for number, name in enumerate(everything):
        assert stocked.ok("list", "--after", name).out.split() == everything[number + 1 :]
    first = stocked.ok("list", "prod/", "--limit", "1").out.split()
    assert first == ["prod/billing/"]
    assert stocked.ok("list", "prod/", "--after", first[0]).out.split() == ["prod/web/"]


def test_a_page_may_begin_anywhere(stocked):
    for name in ("/prod/a", "/prod/a/b", "/prod/a-b", "/prod/a0", "/prod/a/b/c", "/prod/b"):
        stocked.ok("set", name, stdin="x")
    everything = stocked.ok("list").out.split()
    assert everything == sorted(everything)
    for place in (
        "prod",
        "prod/",
        "prod/a",
        "prod/a/",
        "prod/a/b/",
        "prod/az",
        "zzz",
        "0",
        "prod/nothing/here",
    ):
        assert stocked.ok("list", "--after", place).out.split() == [
            name for name in everything if name > place
        ], place


def test_the_table_says_version_state_age_and_owner(stocked):
    stocked.ok("set", "A", "--owner", "me@example.com", stdin="y")
    stocked.ok("delete", "B")
    lines = stocked.ok("list", "--env", "dev", "--long").out.splitlines()
    assert lines[0].split() == ["NAME", "VERSION", "STATE", "AGE", "UPDATED", "OWNER"]
    assert lines[1].split()[:3] == ["dev/shop/A", "2", "ok"]
    assert lines[1].endswith("me@example.com")
    assert lines[2].split()[0] == "dev/shop/B"


def test_json_in_both_forms(stocked):
    assert stocked.ok("list", "prod/web/", "--json").json == ["prod/web/key"]
    row = stocked.ok("list", "prod/web/", "--long", "--json").json[0]
    assert row["name"] == "prod/web/key"
    assert row["version"] == 1


def test_what_comes_out_of_the_store_cannot_move_the_cursor(stocked):
    stocked.ok("metadata", "A", "--owner", "x\x1b[2Jy")
    assert "\x1b" not in stocked.ok("list", "--long").out
    assert "\x1b" not in stocked.ok("metadata", "A").out
