"""``aws-ssm://`` against moto's server: parameters by path, decrypted, ten at a time, with versions and labels."""

from __future__ import annotations

import json

import pytest

from doubles.aws import aws_error, only, operations
from wellkept.errors import Denied, Malformed, NotFound, Unavailable
from wellkept.sources.registry import open_source
from wellkept.testing.faults import answer, rewrite


@pytest.fixture
def source(open_aws):
    return open_aws("aws-ssm")


@pytest.fixture
def put(ssm, prefix):
    def put(name, value="s3cr3t-value", kind="SecureString"):
        full = f"/{prefix}/{name}"
        return ssm.put_parameter(Name=full, Value=value, Type=kind, Overwrite=True)["Version"]

    return put


@pytest.mark.parametrize(
    ("kind", "value"), [("SecureString", "pä55-wörd"), ("String", "plain"), ("StringList", "a,b,c")]
)
def test_each_kind_of_parameter_comes_as_its_text(source, put, kind, value):
    put("p", value, kind)
    secret = source.read("p")
    assert secret.reveal() == value
    assert secret.version == "1"
    assert secret.created > 1_600_000_000


def test_numbers_and_labels_are_versions(source, put, ssm, prefix):
    for value in ("first", "second", "third"):
        put("p", value)
    ssm.label_parameter_version(Name=f"/{prefix}/p", ParameterVersion=1, Labels=["stable"])
    assert source.read("p").reveal() == source.read("p", version="current").reveal() == "third"
    assert source.read("p", version="previous").reveal() == source.read("p", version="2").reveal() == "second"
    assert source.read("p", version="stable").reveal() == source.read("p", version="1").reveal() == "first"
    for version in ("9", "nolabel"):
        with pytest.raises(NotFound, match=f"no version '{version}'"):
            source.read("p", version=version)


def test_the_first_version_has_no_previous(source, put):
    put("p")
    with pytest.raises(NotFound, match="no previous version"):
        source.read("p", version="previous")


def test_a_missing_parameter_is_not_found(source):
    for version in (None, "previous", "3"):
        with pytest.raises(NotFound) as caught:
            source.read("nobody", version=version)
        assert caught.value.__context__ is None


def test_a_colon_in_a_name_reads_no_version_by_accident(source, put):
    put("p", "first")
    put("p", "second")
    with pytest.raises(NotFound, match="no colon"):
        source.read("p:1")
    found = source.read_many(["p", "p:1"])
    assert isinstance(found["p:1"], NotFound)
    assert found["p"].reveal() == "second"


def test_without_a_prefix_a_path_starts_at_the_root(ssm, proxy, prefix):
    ssm.put_parameter(Name=f"/{prefix}/p", Value="by path", Type="String")
    flat = prefix.replace("/", "-")
    ssm.put_parameter(Name=flat, Value="flat", Type="String")
    source = open_source(f"aws-ssm://eu-west-1?endpoint={proxy.url}")
    assert source.read(f"{prefix}/p").reveal() == "by path"
    assert source.read(flat).reveal() == "flat"


def test_an_arn_is_read_as_it_is(source, put, ssm, prefix):
    put("p", "by-arn")
    arn = ssm.get_parameter(Name=f"/{prefix}/p")["Parameter"]["ARN"]
    assert source.read(arn).reveal() == "by-arn"


def test_reading_one_parameter_calls_get_parameter_and_nothing_else(source, put, proxy):
    put("p")
    source.read("p")
    source.read_many(["p"])
    source.read("p", version="1")
    assert operations(proxy) == ["GetParameter"] * 3


def test_parameters_come_ten_at_a_time(source, put, proxy):
    names = [f"p{number}" for number in range(23)]
    for name in names:
        put(name, f"value of {name}")
    found = source.read_many([*names, "missing"])
    assert {name: found[name].reveal() for name in names} == {name: f"value of {name}" for name in names}
    assert isinstance(found["missing"], NotFound)
    assert operations(proxy) == ["GetParameters"] * 3
    assert max(len(json.loads(request.body)["Names"]) for request in proxy.requests) <= 10


def test_where_batches_are_denied_parameters_are_read_one_by_one(source, put, proxy):
    put("a", "1")
    put("b", "2")
    proxy.fault(aws_error("AccessDeniedException"), when=only("GetParameters"))

    def deny_b(request):
        return only("GetParameter")(request) and json.loads(request.body)["Name"].endswith("/b")

    proxy.fault(aws_error("AccessDeniedException"), when=deny_b)
    found = source.read_many(["a", "b", "missing"])
    assert found["a"].reveal() == "1"
    assert isinstance(found["b"], Denied)
    assert isinstance(found["missing"], NotFound)


def test_one_bad_name_does_not_spoil_a_batch(source, put, proxy):
    """AWS refuses the whole batch for one name that cannot exist."""
    put("a", "1")
    proxy.fault(aws_error("ValidationException", "Invalid label or name"), when=only("GetParameters"))
    found = source.read_many(["a", "missing"])
    assert found["a"].reveal() == "1"
    assert isinstance(found["missing"], NotFound)


def test_listing_goes_through_every_page_below_the_prefix(source, put, ssm, prefix, proxy):
    for number in range(60):
        put(f"deep/n{number:02}")
    ssm.put_parameter(Name=f"/{prefix}x/other", Value="v", Type="String")
    assert source.list() == [f"deep/n{number:02}" for number in range(60)]
    assert set(operations(proxy)) == {"DescribeParameters"}


def test_listing_by_path_will_do_where_describing_is_denied(source, put, proxy):
    for number in range(12):
        put(f"n{number:02}")
    proxy.fault(aws_error("AccessDeniedException"), when=only("DescribeParameters"))
    assert source.list() == [f"n{number:02}" for number in range(12)]
    asked = [json.loads(r.body) for r in proxy.requests if only("GetParametersByPath")(r)]
    assert asked
    assert not any(body["WithDecryption"] for body in asked), "a listing needs no values in clear"


def test_a_denied_listing_is_denied_and_an_outage_is_not_taken_for_a_denial(source, proxy):
    proxy.fault(aws_error("AccessDeniedException"))
    with pytest.raises(Denied):
        source.list()
    proxy.clear()
    proxy.fault(answer(503))
    with pytest.raises(Unavailable):
        source.list()
    assert operations(proxy) == ["DescribeParameters"]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"Parameter": []}',
        b'{"Parameter": {"Value": 1, "Version": 1}}',
        b'{"Parameter": {"Value": "hunter2"}}',
        b'{"Parameter": {"Value": "hunter2", "Version": true}}',
    ],
)
def test_an_answer_without_value_or_version_is_malformed(source, proxy, body):
    proxy.fault(answer(200, body))
    with pytest.raises(Malformed) as caught:
        source.read("odd")
    assert "hunter2" not in str(caught.value)


def test_a_batch_that_makes_no_sense_is_read_one_by_one(source, put, proxy):
    put("a", "1")
    put("b", "2")
    nonsense = b'{"Parameters": [null, {"Name": {}}], "InvalidParameters": [[]]}'
    proxy.fault(rewrite(lambda body: nonsense), when=only("GetParameters"))
    assert [secret.reveal() for secret in source.read_many(["a", "b"]).values()] == ["1", "2"]
