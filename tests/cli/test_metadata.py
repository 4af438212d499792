import pytest


@pytest.fixture
def kept(shop):
    shop.ok("set", "A", "--tag", "tier=1", "--tag", "team=web", stdin="hunter2")
    return shop


def test_what_is_not_mentioned_stays(kept):
    kept.ok("metadata", "A", "--owner", "me", "--untag", "tier", "--tag", "new=yes")
    kept.ok("metadata", "A", "--description", "for tests", "--custom", "jira=X-1")
    data = kept.ok("metadata", "A", "--json").json
    assert data["tags"] == {"team": "web", "new": "yes"}
    assert (data["owner"], data["description"]) == ("me", "for tests")
    assert data["custom_metadata"] == {"jira": "X-1"}
    assert "hunter2" not in kept.ok("metadata", "A").out


def test_limits(kept):
    kept.ok("metadata", "A", "--max-versions", "2", "--delete-after", "1d12h", "--cas-required")
    data = kept.ok("metadata", "A", "--json").json
    assert (data["max_versions"], data["delete_version_after"], data["cas_required"]) == (2, 129600, True)
    assert kept("set", "A", stdin="no cas").code == 65
    kept.ok("metadata", "A", "--no-cas-required", "--delete-after", "0")
    data = kept.ok("metadata", "A", "--json").json
    assert not data["delete_version_after"]
    kept.ok("set", "A", stdin="fine")


@pytest.mark.parametrize("words", [["--tag", "novalue"], ["--untag", "missing"], ["--delete-after", "soon"]])
def test_bad_changes_are_refused_and_change_nothing(kept, words):
    before = kept.ok("metadata", "A", "--json").json
    assert kept("metadata", "A", *words).code == 2
    assert kept.ok("metadata", "A", "--json").json == before


def test_a_secret_that_is_not_there_is_said(kept):
    assert kept("metadata", "B").code == 3
