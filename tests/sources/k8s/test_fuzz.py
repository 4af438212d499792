"""Whatever an answer holds, a read ends in a secret or in one of the sorted errors."""

import json
import string

from hypothesis import given
from hypothesis import strategies as st

from wellkept.errors import NotFound, SecretError
from wellkept.secret import Secret
from wellkept.sources.k8s.client import _result
from wellkept.sources.k8s.names import Place, find, listed_name
from wellkept.sources.k8s.pod import Pod
from wellkept.sources.k8s.source import KubernetesSource
from wellkept.sources.vault.http1 import Answer

ENDPOINT = "http://127.0.0.1:9"
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["cHc=", "Secret", "/w=="])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "metadata", "data", "password", "resourceVersion", "reason", "details", "value"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    status=st.sampled_from([200, 200, 200, 404, 403, 500]),
    content=JSON,
    name=st.sampled_from(["a/password", "a"]),
)
def test_any_answer_is_a_secret_or_a_sorted_error(status, content, name):
    source = KubernetesSource("billing", endpoint=ENDPOINT)
    pod = Pod("/nonexistent", endpoint=ENDPOINT, ca=None, token_file=None)
    answer = Answer(status, {}, json.dumps(content).encode(), True)
    source._client.get = lambda paths, deadline: [_result(answer, pod) for _ in paths]
    outcome = source.read_many([name])[name]
    assert isinstance(outcome, (Secret, SecretError))
    if status != 404 and isinstance(outcome, NotFound):
        assert status == 200
        assert content["kind"] == "Secret"
    try:
        listed = source.list()
    except SecretError:
        return
    assert all(isinstance(each, str) for each in listed)


LETTERS = string.ascii_lowercase + string.digits


@given(
    secret=st.text(LETTERS + "-.", min_size=1, max_size=20),
    key=st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=20),
    prefix=st.sampled_from(["", "prod", "prod/billing"]),
)
def test_a_listed_name_leads_back_to_its_key(secret, key, prefix):
    start = f"{prefix.replace('/', '-')}-" if prefix else ""
    name = listed_name(start + secret, key, prefix)
    found = find(name, prefix)
    if isinstance(found, Place):
        assert found.secret == start + secret
        assert found.keys[0] == key
    else:  # then Kubernetes would not have had that name either
        assert secret[0] in "-." or secret[-1] in "-." or ".." in secret or key in (".", "..")


@given(name=st.text(max_size=30), secret=st.sampled_from(["", "app-env"]))
def test_no_name_leads_out_of_the_namespace(name, secret):
    found = find(name, "", secret)
    if isinstance(found, Place):
        assert set(found.secret) <= set(LETTERS + "-.")
        assert ".." not in found.secret
