"""Well-known shapes of credentials: what is hidden although nobody told us the value.

A shape is looked for by a keyword first (a plain text search, which costs next to nothing in a line without
it), then by a regular expression matched where the keyword stands. Every expression consumes each character
at most a bounded number of times: repetitions are possessive or end at a character they exclude, and a
keyword inside a run that its expression would scan is refused by a look-behind; so the work grows in
proportion to the text, whatever the text is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .assignments import ASSIGNMENTS
from .shape import Shape, Span, is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable


def _token(name: str, keyword: str, rest: str, *, back: int = 0, alphabet: str = "A-Za-z0-9_-") -> Shape:
    """A token that begins with ``keyword`` and is not the middle of a longer word."""
    start = f"(?<![{alphabet}])" if not back else ""
    return Shape(name, (keyword,), re.compile(f"{start}(?P<secret>{rest})", re.ASCII), back=back)


_JWT = r"eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{4,}+(?:\.[A-Za-z0-9_-]*+){1,3}+"
_PEM = (
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<secret>(?:[^-]|-(?!----)){0,16384}+(?=-----END )|(?:(?:\s|\\[nrt]|[|>'\",+]){0,16}+[A-Za-z0-9+/=]{16,}+)*+)"
)
_USERINFO = r":(?:\\?/){2}[^\s/?#\"'<>@:\\]*+:(?P<secret>[^\s\"'<>/\\]+)@"


def _not_masked(match: re.Match[str]) -> Span | None:
    return None if is_placeholder(match["secret"]) else match.span("secret")


def _has_digit(match: re.Match[str]) -> Span | None:
    return match.span("secret") if any(map(str.isdigit, match["secret"])) else None


def _authorization(match: re.Match[str]) -> Span | None:
    """With a scheme anything is a credential; without one, what looks random: "authorization: failed" is not."""
    random = len(match["secret"]) >= 16 and _has_digit(match) is not None
    return _not_masked(match) if match["scheme"] or random else None


SHAPES: tuple[Shape, ...] = (
    Shape("private key", ("-----BEGIN ",), re.compile(_PEM, re.ASCII), check=_not_masked),
    Shape("URL with password", ("://", ":\\/\\/"), re.compile(_USERINFO, re.ASCII), check=_not_masked),
    _token("JWT", "eyJ", _JWT),
    Shape(
        "Stripe",
        ("_live_", "_test_"),
        re.compile(r"(?<=[sr]k)(?P<secret>_(?:live|test)_[A-Za-z0-9]{10,}+)"),
        back=2,
    ),
    _token("Stripe webhook", "whsec_", r"whsec_[A-Za-z0-9+/=]{20,}+"),
    Shape(
        "AWS access key",
        ("IA",),
        re.compile(r"(?<=A[KS])(?<![A-Za-z0-9]A[KS])(?P<secret>IA[A-Z2-7]{16})(?![A-Za-z0-9])"),
        back=2,
    ),
    _token("GitHub", "gh", r"gh[pousr]_[A-Za-z0-9]{20,}+"),
    _token("GitHub", "github_pat_", r"github_pat_[A-Za-z0-9_]{20,}+"),
    _token("GitLab", "glpat-", r"glpat-[A-Za-z0-9_.-]{16,}+"),
    _token("Slack", "xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,}+"),
    _token("Slack app", "xapp-", r"xapp-[A-Za-z0-9-]{16,}+"),
    Shape(
        "Slack webhook",
        ("hooks.slack.com/",),
        re.compile(r"hooks\.slack\.com/\w+/(?P<secret>[A-Za-z0-9/_-]{20,}+)"),
    ),
    _token("Google", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    Shape(
        "OpenAI, Anthropic",
        ("sk-",),
        re.compile(r"(?<![A-Za-z0-9_-])(?P<secret>sk-[A-Za-z0-9_-]{20,}+)"),
        check=_has_digit,
    ),
    _token("npm", "npm_", r"npm_[A-Za-z0-9]{30,}+"),
    _token("PyPI", "pypi-", r"pypi-[A-Za-z0-9_-]{40,}+"),
    _token("SendGrid", "SG.", r"SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+", alphabet="A-Za-z0-9_.-"),
    _token("Twilio", "SK", r"SK[0-9a-f]{32}(?![A-Za-z0-9])"),
    _token("Vault", "hvs.", r"hvs\.[A-Za-z0-9_-]{20,}+", alphabet="A-Za-z0-9_.-"),
    _token("age", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}+"),
    Shape(
        "authorization header",
        ("authoriz",),
        re.compile(
            r"authorization\\?[\"']?\s{0,3}[:=,]\s{0,3}(?:b(?=[\"']))?\\?[\"']?"
            r"(?P<scheme>(?:bearer|basic|token|digest|apikey|negotiate|ntlm|key|bot)\s{1,3})?(?P<secret>[^\s\"'\\,;]{4,}+)",
            re.IGNORECASE | re.ASCII,
        ),
        caseless=True,
        check=_authorization,
    ),
    Shape(
        "bearer token",
        ("bearer",),
        re.compile(r"bearer[\"']?[\s:=]{1,3}(?P<secret>[a-z0-9._~+/-]{16,}+=*+)", re.IGNORECASE | re.ASCII),
        caseless=True,
        check=_has_digit,
    ),
    *ASSIGNMENTS,
)


_RARE = "\\JKZQXGA" + "xz"
"""Characters that most lines lack: a search for one of these costs a fifth of one for a keyword."""


class Shapes:
    """A set of shapes, ready to search with."""

    __slots__ = ("_caseless", "_common", "_rare")

    def __init__(self, shapes: Iterable[Shape] = SHAPES) -> None:
        self._caseless: list[tuple[str, Shape]] = []
        self._common: list[tuple[str, Shape]] = []
        self._rare: dict[str, list[tuple[str, Shape]]] = {}
        for shape in shapes:
            for keyword in shape.keywords:
                if shape.caseless:
                    self._caseless.append((keyword, shape))
                    continue
                rare = next((character for character in _RARE if character in keyword), None)
                group = self._common if rare is None else self._rare.setdefault(rare, [])
                group.append((keyword, shape))

    def __bool__(self) -> bool:
        return bool(self._rare or self._common or self._caseless)

    def find(self, text: str) -> list[Span]:
        """Where credentials of these shapes stand in ``text``, in no order."""
        spans: list[Span] = []
        for keyword, shape in self._common:
            if keyword in text:
                _collect(keyword, shape, text, text, spans)
        for character, group in self._rare.items():
            if character in text:
                for keyword, shape in group:
                    if keyword in text:
                        _collect(keyword, shape, text, text, spans)
        lower = text.lower()
        if len(lower) == len(text):
            for keyword, shape in self._caseless:
                if keyword in lower:
                    _collect(keyword, shape, lower, text, spans)
        return spans


def _collect(keyword: str, shape: Shape, where: str, text: str, spans: list[Span]) -> None:
    at = where.find(keyword)
    while at >= 0:
        match = shape.pattern.match(text, at)
        if match is None:
            at = where.find(keyword, at + 1)
            continue
        span = match.span("secret") if shape.check is None else shape.check(match)
        if span is not None and span[0] < span[1]:
            spans.append((span[0] - shape.back, span[1]))
        at = where.find(keyword, max(match.end(), at + 1))
