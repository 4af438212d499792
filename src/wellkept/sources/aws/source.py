"""What both of AWS's sources share: options, the prefix, the deadline, and batches that fall back to single reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...clock import SYSTEM
from ...errors import ConfigError, SecretError
from ..base import BaseSource
from ..url import check_prefix
from .client import AwsClient
from .endpoint import check_region, region_of_environment
from .failures import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...clock import Clock
    from ...secret import Secret
    from ..url import SourceURL

TIMEOUT = 5.0
"""Seconds for a read whose caller names none."""


class AwsSource(BaseSource):
    """``region`` and ``prefix`` say where names are looked up; ``None`` as region: ``AWS_REGION``,
    ``AWS_DEFAULT_REGION`` or AWS's configuration file. ``timeout`` in seconds."""

    scheme = service = target = single = batch = ""
    batch_size = 1

    def __init__(
        self,
        region: str | None = None,
        *,
        prefix: str = "",
        endpoint: str | None = None,
        ca: str | None = None,
        profile: str | None = None,
        timeout: float = TIMEOUT,
        clock: Clock = SYSTEM,
    ) -> None:
        region = check_region(region) if region else region_of_environment()
        self.prefix = prefix
        self.url = f"{self.scheme}://{region or ''}/{prefix}"
        self._timeout = timeout
        self._clock = clock
        self._batch_denied = False
        self._client = AwsClient(
            self.service,
            self.target,
            region=region,
            endpoint=endpoint,
            ca=ca,
            profile=profile,
            clock=clock,
        )

    @classmethod
    def open(cls, url: SourceURL) -> AwsSource:
        """``scheme://REGION/prefix`` with the options ``endpoint``, ``ca``, ``profile``, ``prefix``, ``timeout``."""
        options = url.expect("endpoint", "ca", "profile", "prefix", "timeout")
        if not url.rest.startswith("//"):
            raise ConfigError(
                f"{cls.scheme}: is written {cls.scheme}://REGION/prefix, as in {cls.scheme}://eu-west-1/prod"
            )
        region, _, path = url.rest[2:].partition("/")
        if "@" in region:
            raise ConfigError(
                f"{cls.scheme}: no credential belongs into a URL; name a profile with ?profile="
            )
        parts = [check_prefix(cls.scheme, part) for part in (path, options.get("prefix", "")) if part]
        return cls(
            region or None,
            prefix="/".join(parts),
            endpoint=options.get("endpoint"),
            ca=options.get("ca"),
            profile=options.get("profile"),
            timeout=_seconds(cls.scheme, options.get("timeout")),
        )

    def full_name(self, name: str) -> str:
        """What AWS calls ``name``. An ARN is taken as it is."""
        raise NotImplementedError

    def whoami(self) -> str:
        return self._client.whoami()

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        outcome = self._read(name, version, self._deadline(timeout))
        if isinstance(outcome, SecretError):
            raise outcome
        return outcome

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        """In as few calls as AWS takes; one by one where this identity may read secrets but not batches."""
        deadline = self._deadline(timeout)
        wanted = list(dict.fromkeys(names))
        results: dict[str, Secret | SecretError] = {}
        for name in wanted:
            refusal = self._refusal(name)
            if refusal is not None:
                results[name] = refusal
        if len(wanted) - len(results) > 1 and not self._batch_denied:
            results |= self._in_batches([name for name in wanted if name not in results], deadline)
        rest = [name for name in wanted if name not in results]
        if rest:
            answers = self._client.call_many(self.single, [self._single(name) for name in rest], deadline)
            for name, answer in zip(rest, answers, strict=True):
                if isinstance(answer, Failure):
                    results[name] = answer.about(name, self.url)
                else:
                    results[name] = self._secret(name, answer)
        return {name: results[name] for name in wanted}

    def close(self) -> None:
        self._client.close()

    def after_fork(self) -> None:
        self._client.after_fork()

    def _refusal(self, name: str) -> SecretError | None:
        """Why ``name`` is not even asked for."""
        return None

    def _single(self, name: str) -> dict[str, Any]:
        """What the operation ``single`` needs to read ``name``."""
        raise NotImplementedError

    def _secret(self, name: str, answer: dict[str, Any]) -> Secret | SecretError:
        """What the answer of ``single`` says."""
        raise NotImplementedError

    def _several(self, ids: list[str]) -> dict[str, Any]:
        """What the operation ``batch`` needs to read all of ``ids``, which are full names."""
        raise NotImplementedError

    def _told(self, ids: dict[str, str], answer: dict[str, Any]) -> dict[str, Secret | SecretError]:
        """What the answer of ``batch`` says; ``ids`` maps full names to names. What it does not say is read singly."""
        raise NotImplementedError

    def _read(self, name: str, version: str | None, deadline: float) -> Secret | SecretError:
        raise NotImplementedError

    def _in_batches(self, names: list[str], deadline: float) -> dict[str, Secret | SecretError]:
        """Those of ``names`` about which batches say something."""
        size = self.batch_size
        chunks = [
            {self.full_name(name): name for name in names[start : start + size]}
            for start in range(0, len(names), size)
        ]
        answers = self._client.call_many(self.batch, [self._several(list(ids)) for ids in chunks], deadline)
        results: dict[str, Secret | SecretError] = {}
        for ids, answer in zip(chunks, answers, strict=True):
            if not isinstance(answer, Failure):
                results |= self._told(ids, answer)
            elif answer.hopeless:
                results |= {name: answer.about(name, self.url) for name in ids.values()}
            elif answer.refused:
                self._batch_denied = True  # needs a permission of its own; the next process may have it
        return results

    def _pages(self, operation: str, payload: dict[str, Any], timeout: float | None) -> list[dict[str, Any]]:
        """Every page of a listing. Raises what the first failing page says."""
        deadline = self._deadline(timeout)
        pages: list[dict[str, Any]] = []
        token = None
        while True:
            page = self._client.call(operation, payload | ({"NextToken": token} if token else {}), deadline)
            if isinstance(page, Failure):
                raise page.about("", self.url)
            pages.append(page)
            token = page.get("NextToken")
            if not token:
                return pages

    def _deadline(self, timeout: float | None) -> float:
        return self._clock.monotonic() + (self._timeout if timeout is None else timeout)


def _seconds(scheme: str, text: str | None) -> float:
    if text is None:
        return TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 3600:
        raise ConfigError(f"{scheme}: the option 'timeout' is a number of seconds above 0, not {text!r}")
    return seconds
