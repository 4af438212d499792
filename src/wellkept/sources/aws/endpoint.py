"""Where: the endpoint, the region and the CA, from options, the environment, AWS's files, or AWS's naming rule.

What is simple is decided here; whatever is not (a profile, a configuration file with endpoints, FIPS, dual
stack, a partition other than the public one and China's) is botocore's to decide.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import ConfigError
from . import identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from .sdk import Sdk

_PUBLIC = re.compile(
    r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+"
)  # botocore's data/partitions.json, partition "aws"
_CHINA = re.compile(r"cn-\w+-\d+")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_IN_FILES = ("endpoint_url", "services", "use_fips_endpoint", "use_dualstack_endpoint")


class Where(NamedTuple):
    """``endpoint`` a URL, ``ca`` a file or ``None`` for the system's."""

    endpoint: str
    region: str
    ca: str | None


def check_region(region: str) -> str:
    """``region``, when it can be one: it becomes part of a host's name."""
    if not _REGION.fullmatch(region):
        raise ConfigError(f"an AWS region looks like eu-west-1, not {region!r}")
    return region


def region_of_environment() -> str | None:
    """``AWS_REGION``, as set in Lambda and containers, else ``AWS_DEFAULT_REGION``."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return check_region(region) if region else None


def locate(service: str, sdk: Sdk, *, endpoint: str | None, ca: str | None) -> Where:
    """Where ``service`` (``secretsmanager``, ``ssm``) is. Raises ``ConfigError``."""
    files = _has_files(sdk)
    region = sdk.region or (files and _asked(lambda: sdk.session().get_config_variable("region"))) or None
    if region is None:
        raise ConfigError("no AWS region: name it in the URL, as in aws-sm://eu-west-1/, or in AWS_REGION")
    if ca is None:
        ca = os.environ.get("AWS_CA_BUNDLE") or (files and _asked(lambda: _ca_of_files(sdk))) or None
    if endpoint is None and not _flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        endpoint = _endpoint_of_environment(service)
    if endpoint is None:
        plain = not (_flag("AWS_USE_FIPS_ENDPOINT") or _flag("AWS_USE_DUALSTACK_ENDPOINT"))
        if plain and not (files and _asked(lambda: _speak_of_endpoints(sdk))):
            endpoint = by_rule(service, region)
    if endpoint is None:
        endpoint = _asked(lambda: _by_botocore(sdk, service, region))
    return Where(endpoint, region, ca)


def by_rule(service: str, region: str) -> str | None:
    """The endpoint by AWS's naming rule; ``None`` for partitions where this rule is not sure to hold."""
    if _PUBLIC.fullmatch(region):
        return f"https://{service}.{region}.amazonaws.com"
    if _CHINA.fullmatch(region):
        return f"https://{service}.{region}.amazonaws.com.cn"
    return None


def _endpoint_of_environment(service: str) -> str | None:
    own = {"secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER", "ssm": "AWS_ENDPOINT_URL_SSM"}[service]
    return os.environ.get(own) or os.environ.get("AWS_ENDPOINT_URL") or None


def _has_files(sdk: Sdk) -> bool:
    """Whether AWS's configuration files may have a say."""
    get = os.environ.get
    if sdk.profile or get("AWS_PROFILE") or get("AWS_DEFAULT_PROFILE"):
        return True
    paths = (
        get("AWS_CONFIG_FILE") or "~/.aws/config",
        get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
    )
    return any(os.path.exists(os.path.expanduser(path)) for path in paths)


def _ca_of_files(sdk: Sdk) -> Any:
    return sdk.session().get_config_variable("ca_bundle")


def _speak_of_endpoints(sdk: Sdk) -> bool:
    scoped = sdk.session().get_scoped_config()
    return any(key in scoped for key in _IN_FILES)


def _by_botocore(sdk: Sdk, service: str, region: str) -> Any:
    unused = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}  # so that none are sought
    client = sdk.session().create_client(service, region_name=region, **unused)
    return client.meta.endpoint_url


def _asked(question: Callable[[], Any]) -> Any:
    """What botocore answers; its failures as ours."""
    answer, failure = None, None
    try:
        answer = question()
    except ConfigError:
        raise
    except Exception as error:
        failure = identity.sort(error)
    if failure is not None:
        raise failure if isinstance(failure, ConfigError) else ConfigError(str(failure))
    return answer


def _flag(variable: str) -> bool:
    return os.environ.get(variable, "").lower() == "true"
