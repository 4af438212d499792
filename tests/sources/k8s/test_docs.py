"""What docs/sources/k8s.md shows works, from within a pod played on loopback."""

import os
import re

import pytest
import yaml

from wellkept.posture.least_privilege import policy_for
from wellkept.sources.url import parse_url

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "sources", "k8s.md")


def blocks(language):
    with open(PAGE) as file:
        return re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def run(pod, put):
    put("database", {"user": "app", "password": "pw"})
    put("database-url", {"value": "the url"})
    put("app-env", {"DATABASE_URL": "the other url"})

    def run(code):
        code = re.sub(r'"k8s://billing(\??)', rf'"k8s://billing?account={pod}&', code).replace('&"', '"')
        names = {}
        exec(compile(code, PAGE, "exec"), names)
        names["secrets"].close()
        return names

    return run


def test_secrets_and_their_keys(run):
    names = run(blocks("python")[0])
    assert (names["password"], names["same"], names["url"]) == ("pw", "pw", "the url")
    assert names["everything"] == {"user": "app", "password": "pw"}


def test_one_secret_of_many_keys(run):
    assert run(blocks("python")[1])["url"] == "the other url"


def test_every_example_is_run():
    assert len(blocks("python")) == 2


def test_the_role_is_the_one_that_is_generated():
    made = policy_for(
        "k8s", ["database#password", "DATABASE_URL"], [parse_url("k8s://billing")], {"principal": "app"}
    )
    assert yaml.safe_load(blocks("yaml")[0]) == next(yaml.safe_load_all(made.text))
