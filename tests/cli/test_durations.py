import pytest

from wellkept.cli.durations import moment, seconds
from wellkept.cli.usage import Usage


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("45s", 45),
        ("15m", 900),
        ("12h", 43200),
        ("30d", 2592000),
        ("2w", 1209600),
        ("1d12h", 129600),
        ("1y", 31536000),
    ],
)
def test_durations(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "d", "1x", "1 d", "-1d", "1d-1h", "1d1", "NaN", "inf"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(Usage):
        seconds(text)


def test_moments():
    assert moment("1h", 1000.0) == 4600.0
    assert moment("10m", 1000.0, past=True) == 400.0
    assert moment("1970-01-02", 0) == 86400.0
    assert moment("1970-01-01T01:00:00+01:00", 0) == 0.0
    assert moment("1970-01-01T00:00:10Z", 0) == 10.0
    with pytest.raises(Usage):
        moment("2026-13-01", 0)
