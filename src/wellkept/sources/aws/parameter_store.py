"""``aws-ssm://REGION/prefix``: AWS Systems Manager's Parameter Store.

``String`` and decrypted ``SecureString`` come as their text, ``StringList`` as AWS keeps it: one text with commas.
A version is a number or a label; ``previous`` is the number before the current. One secret needs
``ssm:GetParameter`` on that parameter (and ``kms:Decrypt`` where its key is not AWS's own), nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import Denied, Malformed, NotFound, SecretError
from ...secret import Secret
from .client import moment, objects
from .failures import Failure
from .source import AwsSource

if TYPE_CHECKING:
    from ..url import SourceURL


class ParameterStoreSource(AwsSource):
    scheme = "aws-ssm"
    service = "ssm"
    target = "AmazonSSM"
    single = "GetParameter"
    batch = "GetParameters"
    batch_size = 10  # the most that GetParameters takes

    def full_name(self, name: str) -> str:
        """Below the prefix; a name with a slash is a path from the root, as AWS wants hierarchies written."""
        if name.startswith("arn:"):
            return name
        if self.prefix:
            return f"/{self.prefix}/{name}"
        return f"/{name}" if "/" in name else name

    def _refusal(self, name: str) -> SecretError | None:
        """A colon would select a version: a name with one must not silently read another parameter."""
        if ":" not in name or name.startswith("arn:"):
            return None
        return NotFound(
            f"{self.url}: {name!r}: AWS allows no colon in a parameter's name; ask for a version by version=",
            name=name,
            source=self.url,
        )

    def _single(self, name: str) -> dict[str, Any]:
        return {"Name": self.full_name(name), "WithDecryption": True}

    def _several(self, ids: list[str]) -> dict[str, Any]:
        return {"Names": ids, "WithDecryption": True}

    def _read(self, name: str, version: str | None, deadline: float) -> Secret | SecretError:
        refusal = self._refusal(name)
        if refusal is not None:
            return refusal
        if version in (None, "current"):
            return self._get(name, "", deadline)
        if version != "previous":
            return self._get(name, f":{version}", deadline)
        current = self._get(name, "", deadline)
        if isinstance(current, SecretError):
            return current
        number = int(current.version or 0)
        if number < 2:
            return NotFound(f"{self.url}: {name!r} has no previous version", name=name, source=self.url)
        return self._get(name, f":{number - 1}", deadline)

    def _get(self, name: str, selector: str, deadline: float) -> Secret | SecretError:
        payload = {"Name": self.full_name(name) + selector, "WithDecryption": True}
        answer = self._client.call(self.single, payload, deadline)
        if isinstance(answer, Failure):
            if answer.kind is NotFound and selector:
                answer = answer._replace(text=f"{answer.text}, or it has no version {selector[1:]!r}")
            return answer.about(name, self.url)
        return self._secret(name, answer)

    def _told(self, ids: dict[str, str], answer: dict[str, Any]) -> dict[str, Secret | SecretError]:
        results: dict[str, Secret | SecretError] = {}
        for value in objects(answer, "Parameters"):
            for known_as in (str(value.get("Name")), str(value.get("ARN"))):
                if known_as in ids:
                    results[ids[known_as]] = self._secret(ids[known_as], {"Parameter": value})
        unknown = answer.get("InvalidParameters")
        for full in map(str, unknown if isinstance(unknown, list) else ()):
            if full in ids and ids[full] not in results:
                failure = Failure(NotFound, "ParameterNotFound", "not found")
                results[ids[full]] = failure.about(ids[full], self.url)
        return results

    def _secret(self, name: str, answer: dict[str, Any]) -> Secret | SecretError:
        parameter = answer.get("Parameter")
        parameter = parameter if isinstance(parameter, dict) else {}
        value, version = parameter.get("Value"), parameter.get("Version")
        modified = parameter.get("LastModifiedDate")
        if not isinstance(value, str) or type(version) is not int:
            return Malformed(
                f"{self.url}: {name!r}: the answer holds no value or no version", name=name, source=self.url
            )
        return Secret(
            value,
            name=name,
            version=str(version),
            source=self.url,
            created=moment(modified),
        )

    def list(self, *, timeout: float | None = None) -> list[str]:
        """The names below the prefix. Needs ``ssm:DescribeParameters``; with a prefix, ``ssm:GetParametersByPath`` on
        it will do."""
        payload: dict[str, Any] = {"MaxResults": 50}
        if self.prefix:
            path = {"Key": "Path", "Option": "Recursive", "Values": [f"/{self.prefix}"]}
            payload["ParameterFilters"] = [path]
        pages = None
        try:
            pages = self._pages("DescribeParameters", payload, timeout)
        except Denied:
            if not self.prefix:
                raise
        if pages is None:
            by_path = {
                "Path": f"/{self.prefix}",
                "Recursive": True,
                "WithDecryption": False,
                "MaxResults": 10,
            }
            pages = self._pages("GetParametersByPath", by_path, timeout)
        start = f"/{self.prefix}/" if self.prefix else ""
        names = [str(entry.get("Name", "")) for page in pages for entry in objects(page, "Parameters")]
        if start:
            return sorted(name[len(start) :] for name in names if name.startswith(start))
        return sorted(name.removeprefix("/") for name in names)


def open_parameter_store(url: SourceURL) -> AwsSource:
    """``aws-ssm://REGION/prefix?endpoint=&ca=&profile=&prefix=&timeout=``."""
    return ParameterStoreSource.open(url)
