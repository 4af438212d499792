"""AWS: an IAM policy document with one action and the ARNs of these secrets.

Secrets Manager appends a hyphen and six random characters to a secret's name in its ARN; ``-??????`` matches
exactly that, so that ``prod/db`` does not also allow ``prod/db-admin`` (AWS, "IAM policy examples for Secrets
Manager"). Batches need no permission here: they fall back to single reads where they are denied.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import Policy, joined, known_or, segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...sources.url import SourceURL


def policy(names: Sequence[str], url: SourceURL | None, options: Mapping[str, str]) -> Policy:
    """``options``: ``account``, ``region``, ``partition`` (``aws``), ``kms_key`` (the ARN of a key of one's own)."""
    missing: list[str] = []
    region, *path = [*segments(url)] or [""]
    region = region or options.get("region", "") or known_or({}, "", "REGION", missing)
    account = known_or(options, "account", "ACCOUNT", missing)
    prefix = joined(*path, "" if url is None else url.options.get("prefix", ""))
    arn = f"arn:{options.get('partition') or 'aws'}"
    if url is not None and url.scheme == "aws-ssm":
        sid, actions = "ReadTheseParameters", ["ssm:GetParameter", "ssm:GetParameters"]
        resources = [f"{arn}:ssm:{region}:{account}:parameter/{joined(prefix, name)}" for name in names]
    else:
        sid, actions = "ReadTheseSecrets", ["secretsmanager:GetSecretValue"]
        resources = [
            name
            if name.startswith("arn:")
            else f"{arn}:secretsmanager:{region}:{account}:secret:{joined(prefix, name)}-??????"
            for name in names
        ]
    statements: list[dict[str, Any]] = [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Action": actions if len(actions) > 1 else actions[0],
            "Resource": resources,
        }
    ]
    key = options.get("kms_key")
    if key:
        service = "ssm" if sid == "ReadTheseParameters" else "secretsmanager"
        statements.append(
            {
                "Sid": "DecryptThem",
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": key,
                "Condition": {"StringEquals": {"kms:ViaService": f"{service}.{region}.amazonaws.com"}},
            }
        )
    return Policy(json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2), tuple(missing))
