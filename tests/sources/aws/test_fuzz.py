"""Whatever is answered, a read ends in a secret or in one of our errors, and says nothing of the answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellkept.errors import SecretError
from wellkept.secret import Secret
from wellkept.sources.registry import open_source
from wellkept.testing.faults import FaultProxy, Reply

KEYS = st.sampled_from(
    [
        "SecretString",
        "SecretBinary",
        "VersionId",
        "CreatedDate",
        "Parameter",
        "Value",
        "Version",
        "SecretValues",
        "Errors",
        "Name",
        "SecretId",
        "ErrorCode",
        "Message",
        "Parameters",
        "InvalidParameters",
        "LastModifiedDate",
        "__type",
        "message",
        "code",
        "ARN",
        "NextToken",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**400)
    | st.floats()
    | st.sampled_from(["x", "MARKER", "a/x"])
)
ANSWERS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def anything():
    with FaultProxy("http://127.0.0.1:9") as server:
        server.reply = Reply(200, [], b"")
        server.fault(lambda exchange: exchange.send(server.reply))
        yield server


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=ANSWERS, status=st.sampled_from([200, 200, 200, 400, 403, 404, 500]), cut=st.integers(0, 60))
def test_no_answer_breaks_a_read(anything, content, status, cut):
    body = json.dumps(content).encode()
    anything.reply = Reply(status, [], body[: len(body) - cut] if cut < 20 else body)
    for scheme in ("aws-sm", "aws-ssm"):
        source = open_source(f"{scheme}://eu-west-1/a?endpoint={anything.url}")
        outcomes = []
        for read in (lambda: source.read("x"), lambda: source.read("x", version="previous")):  # noqa: B023
            try:
                outcomes.append(read())
            except SecretError as error:
                outcomes.append(error)
        outcomes += source.read_many(["x", "y"]).values()
        for outcome in outcomes:
            assert isinstance(outcome, (Secret, SecretError))
            if isinstance(outcome, SecretError):
                assert "MARKER" not in str(outcome)
                assert outcome.__context__ is None
        source.close()
