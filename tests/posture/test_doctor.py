"""The doctor says of each secret what an application would meet, and never a value."""

import json

import pytest

from wellkept.posture.doctor import examine
from wellkept.secret import Secret
from wellkept.settings import Settings
from wellkept.testing.fake import FakeSource


class AppSettings(Settings):
    database_url: Secret
    workers: int
    region: str = "eu"
    api_key: Secret
    other: str


@pytest.fixture
def source():
    return FakeSource(
        {"DATABASE_URL": "postgresql://planted", "WORKERS": "planted-many", "API_KEY": "k", "OTHER": "o"}
    )


def test_each_secret_is_judged_by_itself(source):
    from wellkept.errors import Denied, Unavailable
    from wellkept.testing.fake import Failure

    source.fail(Failure("API_KEY", lambda name: Denied("no", name=name, source="fake:")))
    source.fail(Failure("OTHER", lambda name: Unavailable("down", name=name, source="fake:")))
    examination = examine(AppSettings, source, deadline=0.2)
    states = {finding.field: (finding.state, finding.permitted) for finding in examination.findings}
    assert states == {
        "database_url": ("ok", True),
        "workers": ("invalid", True),
        "region": ("default", True),
        "api_key": ("denied", False),
        "other": ("unreadable", None),
    }
    assert not examination.ok
    assert "planted" not in repr(examination)
    assert all(finding.took >= 0 for finding in examination.findings)


def test_a_missing_secret_without_a_default_is_missing(source):
    source.remove("API_KEY")
    source.put("WORKERS", "4")
    examination = examine(AppSettings, source)
    assert {f.name: f.state for f in examination.findings if not f.ok} == {"API_KEY": "missing"}


def test_all_well_is_said_and_nothing_is_listed(source, monkeypatch):
    source.put("WORKERS", "4")
    monkeypatch.setattr(
        source, "list", lambda **_: pytest.fail("listing needs a permission that reading does not")
    )
    examination = examine(AppSettings, source)
    assert examination.ok
    assert examination.findings[0].version == "1"
    json.dumps([finding._asdict() for finding in examination.findings])
