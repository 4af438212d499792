"""Names as Secret Manager takes them: letters, digits, ``-`` and ``_``, 255 at most (its REST reference)."""

from __future__ import annotations

import re

from ...errors import ConfigError
from .._cloud import mapped

_PROJECT = re.compile(r"(?:[a-z0-9.-]{1,63}:)?[a-z0-9-]{1,63}")
_LOCATION = re.compile(r"[a-z0-9-]{1,40}")


def service_name(name: str, prefix: str = "") -> str:
    """What Google calls ``name`` below ``prefix``: ``/`` and ``.`` become ``-``, so that ``prod/billing/db_password``
    is ``prod-billing-db_password``. Raises ``NotFound`` for what has no such name.

    Two names that differ in these characters only are the same secret; letters of either case are not the same.
    """
    return mapped(name, prefix, cloud="Secret Manager", allowed="0-9A-Za-z_-", longest=255, dashed="/.")


def check_project(project: str) -> str:
    """``project``, an id or a number, when it can be one: it becomes part of a path. Raises ``ConfigError``."""
    if not _PROJECT.fullmatch(project):
        raise ConfigError(f"gcp-sm: a project's id is as in gcp-sm://my-project, not {project!r}")
    return project


def check_location(location: str) -> str:
    """A region such as ``europe-west3``: it becomes part of a host's name. Raises ``ConfigError``."""
    if not _LOCATION.fullmatch(location):
        raise ConfigError(f"gcp-sm: the option 'location' is a region such as europe-west3, not {location!r}")
    return location
