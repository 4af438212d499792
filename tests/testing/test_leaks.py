import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from wellkept.redaction import remember
from wellkept.secret import Secret

VALUE = "".join(["kept", "-9f8e7d6c", "-by-nobody"])

@pytest.fixture(autouse=True)
def known():
    remember(Secret(VALUE, name="dev/shop/token"))

def test_silent():
    assert VALUE

def test_prints():
    print("token", VALUE)

def test_prints_encoded():
    import base64
    print(base64.b64encode(VALUE.encode()).decode())

def test_logs():
    import logging
    logging.getLogger("x").warning("with %s", VALUE)

def test_fails_with_it():
    assert VALUE == "other"
"""
VALUE = "kept" + "-9f8e7d6c" + "-by-nobody"


@pytest.fixture
def suite(pytester):
    pytester.makepyfile(SUITE)
    return pytester


def test_a_test_that_prints_a_known_secret_fails_and_names_it(suite):
    result = suite.runpytest_subprocess("--wellkept-leaks", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=4)
    text = result.stdout.str()
    assert "a known secret was printed" in text
    assert "dev/shop/token" in text


def test_the_report_does_not_repeat_the_value(suite):
    text = suite.runpytest_subprocess("--wellkept-leaks", "-p", "no:cacheprovider", "-l").stdout.str()
    assert VALUE not in text


def test_without_the_option_nothing_changes(suite):
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=4, failed=1)


def test_the_ini_file_may_ask_for_it(suite):
    suite.makeini("[pytest]\nwellkept_leaks = true")
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=4)


def test_output_that_is_not_captured_cannot_be_looked_at(suite):
    result = suite.runpytest_subprocess("--wellkept-leaks", "-s")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "leave out -s" in result.stderr.str()


def test_a_fingerprint_file_without_its_key_is_refused(suite, monkeypatch):
    monkeypatch.delenv("WELLKEPT_SCAN_KEY", raising=False)
    result = suite.runpytest_subprocess("--wellkept-leaks", "--wellkept-known", "nothing.wkf")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
