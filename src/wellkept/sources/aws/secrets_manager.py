"""``aws-sm://REGION/prefix``: AWS Secrets Manager.

Text comes as text and ``SecretBinary`` as bytes; a JSON object comes as its text, and ``name#field`` picks from
it. A version is a version id or a staging label; ``previous`` is ``AWSPREVIOUS``. One secret needs
``secretsmanager:GetSecretValue`` on that secret and nothing else.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from ...errors import Malformed, NotFound, SecretError
from ...secret import Secret
from .client import moment, objects
from .failures import Failure, sort_code
from .source import AwsSource

if TYPE_CHECKING:
    from ..url import SourceURL

STAGES = {"current": "AWSCURRENT", "previous": "AWSPREVIOUS", "pending": "AWSPENDING"}
"""Our words for AWS's staging labels; any other label is passed on as it is."""

VERSION_ID = 32
"""Characters of the shortest version id (API reference, GetSecretValue); what is shorter is a staging label."""


class SecretsManagerSource(AwsSource):
    scheme = "aws-sm"
    service = "secretsmanager"
    target = "secretsmanager"
    single = "GetSecretValue"
    batch = "BatchGetSecretValue"
    batch_size = 20  # the most that BatchGetSecretValue takes

    def full_name(self, name: str) -> str:
        if not self.prefix or name.startswith("arn:"):
            return name
        return f"{self.prefix}/{name}"

    def _single(self, name: str) -> dict[str, Any]:
        return {"SecretId": self.full_name(name)}

    def _several(self, ids: list[str]) -> dict[str, Any]:
        return {"SecretIdList": ids}

    def _read(self, name: str, version: str | None, deadline: float) -> Secret | SecretError:
        answer = self._client.call(self.single, self._single(name) | _selector(version), deadline)
        if isinstance(answer, Failure):
            if answer.kind is NotFound and version is not None:
                answer = answer._replace(text=f"{answer.text}, or it has no version {version!r}")
            return answer.about(name, self.url)
        return self._secret(name, answer)

    def _told(self, ids: dict[str, str], answer: dict[str, Any]) -> dict[str, Secret | SecretError]:
        results: dict[str, Secret | SecretError] = {}
        for value in objects(answer, "SecretValues"):
            for known_as in (str(value.get("Name")), str(value.get("ARN"))):
                if known_as in ids:
                    results[ids[known_as]] = self._secret(ids[known_as], value)
        for error in objects(answer, "Errors"):
            name = ids.get(str(error.get("SecretId")))
            failure = sort_code(error.get("ErrorCode"), error.get("Message"))
            if name is not None and name not in results and failure.kind is not Malformed:
                results[name] = failure.about(name, self.url)
        return results

    def _secret(self, name: str, answer: dict[str, Any]) -> Secret | SecretError:
        version, created = answer.get("VersionId"), answer.get("CreatedDate")
        value = answer.get("SecretString")
        if value is None:
            value = _decoded(answer.get("SecretBinary"))
        if not isinstance(value, (str, bytes)) or not isinstance(version, str):
            return Malformed(
                f"{self.url}: {name!r}: the answer holds no value or no version", name=name, source=self.url
            )
        return Secret(
            value,
            name=name,
            version=version,
            source=self.url,
            created=moment(created),
        )

    def list(self, *, timeout: float | None = None) -> list[str]:
        """The names below the prefix. Needs ``secretsmanager:ListSecrets``, which AWS grants on all or nothing."""
        start = f"{self.prefix}/" if self.prefix else ""
        payload: dict[str, Any] = {"MaxResults": 100}
        if start:
            payload["Filters"] = [{"Key": "name", "Values": [start]}]
        pages = self._pages("ListSecrets", payload, timeout)
        names = [str(entry.get("Name", "")) for page in pages for entry in objects(page, "SecretList")]
        return sorted(name[len(start) :] for name in names if name.startswith(start) and name != start)


def _selector(version: str | None) -> dict[str, str]:
    if version is None:
        return {}
    if len(version) >= VERSION_ID:
        return {"VersionId": version}
    return {"VersionStage": STAGES.get(version, version)}


def _decoded(text: Any) -> bytes | None:
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else None
    except ValueError:
        return None  # and the answer is malformed


def open_secrets_manager(url: SourceURL) -> AwsSource:
    """``aws-sm://REGION/prefix?endpoint=&ca=&profile=&prefix=&timeout=``."""
    return SecretsManagerSource.open(url)
