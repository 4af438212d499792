"""The fixtures that users get: what they promise about time, failures and rotation."""

import pytest

import wellkept
from wellkept.errors import Denied, InvalidRequest, NotFound, Throttled, Unavailable
from wellkept.testing.fake import FakeSecrets


@pytest.fixture
def secrets():
    with FakeSecrets({"db": "one"}, ttl=60, max_stale=600) as secrets:
        yield secrets


def test_the_fixture_stands_in_for_open(fake_secrets):
    fake_secrets.set("db", "one")
    assert wellkept.open("vault://anywhere").get("db").reveal() == "one"


def test_a_noticed_rotation_reaches_the_application_and_its_callbacks(secrets):
    seen = []
    secrets.get("db")
    secrets.on_change("db", lambda change: seen.append((change.old.reveal(), change.new.reveal())))
    secrets.rotate("db", "two")
    assert secrets.get("db").reveal() == "two"
    assert seen == [("one", "two")]
    assert secrets.previous("db").reveal() == "one"


def test_an_unnoticed_rotation_is_seen_when_the_ttl_is_over(secrets):
    secrets.get("db")
    secrets.rotate("db", "two", noticed=False)
    secrets.clock.advance(59)
    assert secrets.get("db").reveal() == "one"
    secrets.clock.advance(2)
    assert secrets.get("db").reveal() == "two"


def test_an_outage_is_bridged_until_max_stale_and_then_raises(secrets):
    secrets.get("db")
    with secrets.outage():
        secrets.clock.advance(590)
        assert secrets.get("db").reveal() == "one"
        assert secrets.health().secrets["db"].stale
        secrets.clock.advance(11)
        with pytest.raises(Unavailable):
            secrets.get("db")
    assert secrets.get("db").reveal() == "one"


def test_a_denial_is_never_bridged(secrets):
    secrets.get("db")
    refusal = secrets.deny("db")
    secrets.clock.advance(61)
    with pytest.raises(Denied):
        secrets.get("db")
    refusal.end()
    assert secrets.get("db").reveal() == "one"


def test_throttling_is_transient_and_ends_with_recover(secrets):
    secrets.throttle(retry_after=1)
    with pytest.raises(Throttled):
        secrets.get("db")
    secrets.recover()
    assert secrets.get("db").reveal() == "one"


def test_a_failure_of_one_name_leaves_the_others_alone(secrets):
    secrets.set("other", "fine")
    with secrets.outage("db"):
        assert secrets.get("other").reveal() == "fine"
        with pytest.raises(Unavailable):
            secrets.get("db")


def test_what_was_not_put_there_is_missing(secrets):
    with pytest.raises(NotFound):
        secrets.get("nothing")
    with pytest.raises(InvalidRequest, match="set"):
        secrets.rotate("nothing", "x")


def test_reads_are_counted(secrets):
    for _ in range(3):
        secrets.get("db")
    assert secrets.fake.reads == {"db": 1}
