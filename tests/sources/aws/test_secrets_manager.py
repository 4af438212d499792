"""``aws-sm://`` against moto's server: what boto3 writes is what is read, in as few calls and permissions as can be."""

from __future__ import annotations

import json

import pytest

from doubles.aws import aws_error, only, operations
from wellkept.errors import Denied, Malformed, NotFound, Throttled, Unavailable
from wellkept.testing.faults import answer, rewrite


@pytest.fixture
def source(open_aws):
    return open_aws("aws-sm")


@pytest.fixture
def create(sm, prefix):
    def create(name, value="s3cr3t-value", **more):
        kind = "SecretBinary" if isinstance(value, bytes) else "SecretString"
        return sm.create_secret(Name=f"{prefix}/{name}", **{kind: value}, **more)

    return create


@pytest.fixture
def put(sm, prefix):
    def put(name, value, **more):
        return sm.put_secret_value(SecretId=f"{prefix}/{name}", SecretString=value, **more)["VersionId"]

    return put


def test_text_comes_as_text_with_its_version_and_its_time(source, create):
    made = create("database", "pä55-wörd")
    secret = source.read("database")
    assert secret.reveal() == "pä55-wörd"
    assert secret.version == made["VersionId"]
    assert secret.name == "database"
    assert secret.created > 1_600_000_000
    assert not secret.is_binary


def test_binary_comes_as_bytes(source, create):
    create("key", b"\x00\xff\xfe binary")
    secret = source.read("key")
    assert secret.is_binary
    assert secret.reveal_bytes() == b"\x00\xff\xfe binary"


def test_a_field_of_a_json_secret(source, create):
    create("db", json.dumps({"username": "app", "password": "pw", "port": 5432}))
    secret = source.read("db")
    assert secret.field("password").reveal() == "pw"
    assert secret.field("port").reveal() == "5432"


def test_a_secret_of_the_largest_size(source, create):
    create("big", "x" * 65536)
    assert len(source.read("big").reveal()) == 65536


def test_stages_and_ids_are_versions(source, create, put):
    first = create("rotated", "first")["VersionId"]
    second = put("rotated", "second")
    pending = put("rotated", "third", VersionStages=["AWSPENDING"])
    read = lambda version: source.read("rotated", version=version).reveal()  # noqa: E731
    assert source.read("rotated").reveal() == "second"
    assert read("previous") == read("AWSPREVIOUS") == read(first) == "first"
    assert read("current") == read("AWSCURRENT") == read(second) == "second"
    assert read("pending") == read("AWSPENDING") == read(pending) == "third"


def test_without_a_previous_version_previous_is_not_found(source, create):
    create("young")
    with pytest.raises(NotFound, match="no version 'previous'"):
        source.read("young", version="previous")


def test_missing_and_wiped_and_valueless_secrets_are_not_found(source, create, sm, prefix):
    with pytest.raises(NotFound) as caught:
        source.read("nobody")
    assert caught.value.name == "nobody"
    assert caught.value.__context__ is None
    create("deleted")
    sm.delete_secret(SecretId=f"{prefix}/deleted")
    with pytest.raises(NotFound, match="scheduled for deletion"):
        source.read("deleted")
    sm.create_secret(Name=f"{prefix}/valueless")
    with pytest.raises(NotFound):
        source.read("valueless")


def test_an_arn_is_read_as_it_is(source, create):
    arn = create("shared", "by-arn")["ARN"]
    assert source.read(arn).reveal() == "by-arn"
    many = source.read_many([arn, "shared"])
    assert [secret.reveal() for secret in many.values()] == ["by-arn", "by-arn"]


def test_reading_one_secret_calls_get_secret_value_and_nothing_else(source, create, proxy):
    create("lonely")
    source.read("lonely")
    source.read_many(["lonely"])
    assert operations(proxy) == ["GetSecretValue", "GetSecretValue"]


def test_fifty_secrets_come_in_three_calls(source, create, proxy):
    names = [f"n{number}" for number in range(50)]
    for name in names:
        create(name, f"value of {name}")
    found = source.read_many(names)
    assert {name: secret.reveal() for name, secret in found.items()} == {n: f"value of {n}" for n in names}
    assert operations(proxy) == ["BatchGetSecretValue"] * 3
    asked = [json.loads(request.body)["SecretIdList"] for request in proxy.requests]
    assert max(map(len, asked)) <= 20, "AWS refuses more than twenty at once"


def test_a_batch_tells_for_each_name_what_became_of_it(source, create, sm, prefix):
    create("there", "v")
    create("deleted")
    sm.delete_secret(SecretId=f"{prefix}/deleted")
    found = source.read_many(["there", "missing", "deleted", "there"])
    assert list(found) == ["there", "missing", "deleted"]
    assert found["there"].reveal() == "v"
    assert isinstance(found["missing"], NotFound)
    assert isinstance(found["deleted"], NotFound)
    assert found["missing"].name == "missing"


def test_where_batches_are_denied_secrets_are_read_one_by_one(source, create, proxy):
    create("a", "1")
    create("b", "2")
    proxy.fault(aws_error("AccessDeniedException"), when=only("BatchGetSecretValue"))
    found = source.read_many(["a", "missing", "b"])
    assert (found["a"].reveal(), found["b"].reveal()) == ("1", "2")
    assert isinstance(found["missing"], NotFound)
    assert sorted(operations(proxy)) == ["BatchGetSecretValue"] + ["GetSecretValue"] * 3
    source.read_many(["a", "b"])
    assert operations(proxy)[4:] == ["GetSecretValue"] * 2, "the denied batch was tried again"


def test_where_a_server_knows_no_batches_secrets_are_read_one_by_one(source, create, proxy):
    create("a", "1")
    create("b", "2")
    proxy.fault(aws_error("UnknownOperationException"), when=only("BatchGetSecretValue"))
    assert {name: secret.reveal() for name, secret in source.read_many(["a", "b"]).items()} == {
        "a": "1",
        "b": "2",
    }


def test_one_name_denied_in_a_batch_leaves_the_others_alone(source, create, proxy, prefix):
    create("mine", "1")

    def deny_one(body):
        batch = json.loads(body)
        batch["Errors"] = [
            {"SecretId": f"{prefix}/theirs", "ErrorCode": "AccessDeniedException", "Message": "no"}
        ]
        return json.dumps(batch).encode()

    proxy.fault(rewrite(deny_one))
    found = source.read_many(["mine", "theirs"])
    assert found["mine"].reveal() == "1"
    assert isinstance(found["theirs"], Denied)
    assert operations(proxy) == ["BatchGetSecretValue"]


def test_names_that_a_batch_leaves_out_are_asked_for_one_by_one(source, create, proxy):
    create("a", "1")
    create("b", "2")

    def forget_the_first(body):
        batch = json.loads(body)
        return json.dumps({**batch, "SecretValues": batch["SecretValues"][1:]}).encode()

    proxy.fault(rewrite(forget_the_first), when=only("BatchGetSecretValue"))
    assert {name: secret.reveal() for name, secret in source.read_many(["a", "b"]).items()} == {
        "a": "1",
        "b": "2",
    }


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ThrottlingException", Throttled),
        ("ExpiredTokenException", Denied),
        ("InternalServiceError", Unavailable),
    ],
)
def test_a_failure_that_all_would_share_is_not_multiplied(source, proxy, code, kind):
    proxy.fault(aws_error(code))
    found = source.read_many(["a", "b", "c"])
    assert {type(error) for error in found.values()} == {kind}
    assert [error.name for error in found.values()] == ["a", "b", "c"]
    assert operations(proxy) == ["BatchGetSecretValue"]


def test_listing_goes_through_every_page_and_stays_below_the_prefix(source, create, sm, prefix, proxy):
    for number in range(130):
        create(f"n{number:03}")
    sm.create_secret(Name=f"{prefix}x/other", SecretString="v")
    assert source.list() == [f"n{number:03}" for number in range(130)]
    assert operations(proxy) == ["ListSecrets"] * 2


def test_a_denied_listing_is_denied(source, proxy):
    proxy.fault(aws_error("AccessDeniedException"))
    with pytest.raises(Denied):
        source.list()


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"SecretString": 5, "VersionId": "v"}',
        b'{"SecretBinary": "***", "VersionId": "v"}',
        b'{"SecretString": "hunter2"}',
        b'{"SecretBinary": null, "VersionId": []}',
    ],
)
def test_an_answer_without_value_or_version_is_malformed(source, proxy, body):
    proxy.fault(answer(200, body))
    with pytest.raises(Malformed) as caught:
        source.read("odd")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_empty_value_is_a_value(source, proxy):
    """AWS takes none today, but a server in its shape may, and an empty answer is not a missing one."""
    proxy.fault(answer(200, b'{"SecretString": "", "VersionId": "' + b"0" * 32 + b'"}'))
    assert source.read("empty").reveal() == ""


@pytest.mark.parametrize(
    "body",
    [
        b'{"SecretValues": 7, "Errors": "x"}',
        b'{"SecretValues": [[], null, {"Name": []}], "Errors": [1, {"SecretId": {}}]}',
    ],
)
def test_a_batch_that_makes_no_sense_is_read_one_by_one(source, create, proxy, body):
    create("a", "1")
    create("b", "2")
    proxy.fault(answer(200, body), when=only("BatchGetSecretValue"))
    assert [secret.reveal() for secret in source.read_many(["a", "b"]).values()] == ["1", "2"]
