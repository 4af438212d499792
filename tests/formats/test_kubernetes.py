import base64

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellkept import formats
from wellkept.errors import InvalidRequest
from wellkept.formats.kubernetes import object_name

SLOW = [HealthCheck.too_slow]  # the first text draws on tables that take seconds to make

keys = st.from_regex(r"[-._a-zA-Z0-9]{1,20}", fullmatch=True).filter(lambda key: not key.startswith(".."))


@settings(deadline=None, suppress_health_check=SLOW)
@given(st.dictionaries(keys.filter(lambda key: key != "."), st.binary(), max_size=4))
def test_the_manifest_is_yaml_whose_data_decodes_to_the_values(values):
    manifest = yaml.safe_load(formats.write(values, "kubernetes", name="app", namespace="web"))
    assert manifest["apiVersion"] == "v1"
    assert manifest["kind"] == "Secret"
    assert manifest["metadata"]["name"] == "app"
    assert manifest["metadata"]["namespace"] == "web"
    assert {key: base64.b64decode(text, validate=True) for key, text in manifest["data"].items()} == values


def test_base64_that_looks_like_a_number_stays_text():
    value = base64.b64decode("1234")
    manifest = yaml.safe_load(formats.write({"true": value}, "kubernetes", name="1e3"))
    assert manifest["data"] == {"true": "1234"}
    assert manifest["metadata"]["name"] == "1e3"


@pytest.mark.parametrize("name", ["Upper", "under_score", "-x", "x-", "a..b", "", "x" * 254, 'a"\nkind: Pod'])
def test_a_name_that_kubernetes_refuses_is_refused_here(name):
    with pytest.raises(InvalidRequest):
        formats.write({"A": "x"}, "kubernetes", name=name)


@pytest.mark.parametrize("key", ["a b", "a/b", "..a", ".", "", "ä"])
def test_a_key_that_kubernetes_refuses_is_refused_here(key):
    with pytest.raises(InvalidRequest):
        formats.write({key: "x"}, "kubernetes", name="app")


def test_more_than_a_secret_holds_is_refused():
    with pytest.raises(InvalidRequest, match="1048577 bytes"):
        formats.write({"A": b"x" * 1048577}, "kubernetes", name="app")


def test_the_name_of_an_environment_becomes_the_name_of_an_object():
    assert object_name("prod/My_App") == "prod-my-app"
    assert object_name("//") == "wellkept"
