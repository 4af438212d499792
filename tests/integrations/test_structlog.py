"""structlog, the real one: rendered lines have no secret in them."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

structlog = pytest.importorskip("structlog", reason="pip install 'wellkept[structlog]'")

from wellkept.integrations.structlog import RedactingProcessor  # noqa: E402
from wellkept.redaction.known import Known  # noqa: E402
from wellkept.redaction.log import RedactingFilter  # noqa: E402
from wellkept.redaction.redactor import FAILED, Redactor  # noqa: E402
from wellkept.secret import Secret  # noqa: E402

VALUE = bytes.fromhex("7333637265742d76616c7565").decode()  # "s3cret-value", but not in any source line


@pytest.fixture
def redactor() -> Redactor:
    known = Known()
    known.remember(Secret(VALUE, name="prod/x"))
    return Redactor(known)


@pytest.fixture
def log(redactor: Redactor) -> Iterator[Callable[..., tuple[Any, io.StringIO]]]:
    def make(*before: Any, render: Any = None) -> tuple[Any, io.StringIO]:
        out = io.StringIO()
        structlog.configure(
            processors=[
                *before,
                RedactingProcessor(redactor),
                structlog.processors.JSONRenderer() if render is None else render,
            ],
            logger_factory=structlog.PrintLoggerFactory(out),
            cache_logger_on_first_use=False,
        )
        return structlog.get_logger(), out

    yield make
    structlog.reset_defaults()


def test_nested_values_keys_and_telling_names_are_clean(log: Any) -> None:
    logger, out = log()
    logger.bind(session=[VALUE]).info(
        f"got {VALUE}", tree={"a": (1, {VALUE: VALUE.encode()})}, password="plain", user="bob", n=3
    )
    shown = json.loads(out.getvalue())
    assert VALUE not in out.getvalue()
    assert shown["event"] == "got [redacted:prod/x]"
    assert shown["session"] == ["[redacted:prod/x]"]
    assert "[redacted:prod/x]" in shown["tree"]["a"][1]
    assert (shown["password"], shown["user"], shown["n"]) == ("[redacted]", "bob", 3)


@pytest.mark.parametrize(
    "before", [[structlog.processors.format_exc_info], [structlog.processors.dict_tracebacks]]
)
def test_formatted_exceptions_are_clean(log: Any, before: list[Any]) -> None:
    logger, out = log(*before)
    try:
        local = VALUE
        raise KeyError(local)
    except KeyError:
        logger.exception("failed")
    assert VALUE not in out.getvalue()
    assert "KeyError" in out.getvalue()
    assert "[redacted:prod/x]" in out.getvalue()


@pytest.mark.parametrize("as_what", ["true", "exception", "triple"])
def test_exceptions_that_a_renderer_formats_itself_are_clean(log: Any, as_what: str) -> None:
    logger, out = log(
        render=structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    try:
        raise LookupError(VALUE)
    except LookupError as error:
        info = {"true": True, "exception": error, "triple": (LookupError, error, error.__traceback__)}[
            as_what
        ]
        logger.error("failed", exc_info=info)
    assert VALUE not in out.getvalue()
    assert "LookupError: [redacted:prod/x]" in out.getvalue()


def test_it_cleans_what_a_renderer_has_made(redactor: Redactor) -> None:
    processor = RedactingProcessor(redactor)
    assert processor(None, "info", f"x {VALUE}") == "x [redacted:prod/x]"
    assert processor(None, "info", f"x {VALUE}".encode()) == b"x [redacted:prod/x]"


def test_events_handed_to_the_standard_library_are_clean(redactor: Redactor) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer()))
    handler.addFilter(RedactingFilter(redactor))
    target = logging.getLogger("structlog-under-test")
    target.addHandler(handler)
    target.propagate = False
    target.setLevel(logging.INFO)
    structlog.configure(
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    try:
        structlog.get_logger("structlog-under-test").info(f"got {VALUE}", deep={"a": [VALUE]})
    finally:
        structlog.reset_defaults()
        target.removeHandler(handler)
        target.propagate = True
    assert json.loads(out.getvalue()) == {
        "event": "got [redacted:prod/x]",
        "deep": {"a": ["[redacted:prod/x]"]},
    }


def test_an_error_inside_withholds_the_event(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wellkept.integrations.structlog.redact_tree", lambda *_: 1 / 0)
    assert RedactingProcessor(redactor)(None, "info", {"event": VALUE}) == {"event": FAILED}
