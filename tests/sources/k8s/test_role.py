"""The Role that is generated for an application allows what the source asks for, and no more."""

import pytest
import yaml

from doubles.kubernetes_api import Rule
from wellkept.errors import Denied
from wellkept.posture.least_privilege import policy_for
from wellkept.sources.url import parse_url

from .conftest import APP, NAMESPACE


@pytest.mark.parametrize("options", [{}, {"prefix": "prod"}, {"secret": "app-env"}])
def test_with_the_generated_role_everything_is_read_and_nothing_else(options, put, server, open_k8s):
    names = ["DATABASE_URL", "stripe/key", "mail"]
    start = f"{options['prefix']}-" if "prefix" in options else ""
    put(f"{start}database-url", {"value": "v"})
    put(f"{start}stripe", {"key": "v"})
    put(f"{start}mail", {"value": "v"})
    put("app-env", {"DATABASE_URL": "v", "STRIPE_KEY": "v", "mail": "v"})
    put("stripe-admin", {"key": "v"})
    query = "&".join(f"{key}={value}" for key, value in options.items())
    url = parse_url(f"k8s://{NAMESPACE}?{query}")
    role, _ = yaml.safe_load_all(policy_for("k8s", names, [url], {"principal": "app"}).text)
    server.rules[APP] = [
        Rule(role["metadata"]["namespace"], tuple(rule["verbs"]), tuple(rule["resourceNames"]))
        for rule in role["rules"]
    ]
    source = open_k8s(**options)
    assert [source.read(name).reveal() for name in names] == ["v"] * 3
    for action in (lambda: open_k8s().read("stripe-admin/key"), open_k8s().list):
        with pytest.raises(Denied):
            action()
