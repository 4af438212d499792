"""Google Cloud: one binding a secret, on that secret: ``roles/secretmanager.secretAccessor`` and nothing wider."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from . import Policy, known_or, segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...sources.url import SourceURL

ROLE = "roles/secretmanager.secretAccessor"


def policy(names: Sequence[str], url: SourceURL | None, options: Mapping[str, str]) -> Policy:
    """Commands for ``gcloud``. ``options``: ``project`` where no URL says it, ``principal`` (``serviceAccount:...``)."""
    from ...sources.gcp_sm import service_name

    missing: list[str] = []
    project = "".join(segments(url)[:1]) or known_or(options, "project", "PROJECT", missing)
    member = known_or(options, "principal", "serviceAccount:ACCOUNT", missing)
    prefix = "" if url is None else url.options.get("prefix", "")
    lines = [
        f"gcloud secrets add-iam-policy-binding {shlex.quote(service_name(name, prefix))}"
        f" --project={shlex.quote(project)} --member={shlex.quote(member)} --role={ROLE}"
        for name in names
    ]
    return Policy("\n".join(lines), tuple(missing))
