"""Where a value stands: files that hold no secrets of their own, files of code, of configuration, of prose."""

from __future__ import annotations

import re
from functools import lru_cache

_IGNORED = re.compile(
    r"(?i)(?:^|[/!])(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.ya?ml|cargo\.lock|go\.sum|go\.mod|poetry\.lock|pipfile\.lock|uv\.lock|pdm\.lock|"
    r"composer\.lock|gemfile\.lock|podfile\.lock|mix\.lock|flake\.lock|packages\.lock\.json|gradle\.lockfile|\.terraform\.lock\.hcl|bun\.lockb?|deno\.lock|"
    r"pubspec\.lock|cartfile\.resolved|package\.resolved|verification-metadata\.xml|changelog[^/]*|record|\.secrets\.baseline|\.gitleaksignore)$"
    r"|\.(?:svg|png|jpe?g|gif|ico|woff2?|ttf|eot|otf|css|scss|less|sass|map|snap|min\.js|min\.css|pot?|mo|xlf|xliff|strings|resx|arb|pyc|ipynb_checkpoints|lock|sum|sig|asc|crt|cer|pub|har|tm[lp]language|sublime-syntax|dic|aff)$"
)
_CODE_ENDS = (
    "py pyi js mjs cjs ts tsx jsx java go rb php phtml c h cc cpp cxx hpp cs kt kts scala swift rs m mm pl pm lua dart r jl ex exs erl hs "
    "clj cljs vb fs groovy gradle vue svelte html htm xhtml jsp erb ejs hbs twig tpl cshtml razor tf hcl bicep proto graphql sol zig nim v ml coffee "
    "asm s sql pas cr d"
)
_CODE = frozenset(_CODE_ENDS.split())
_PROSE_ENDS = "md markdown rst adoc asciidoc txt text tex org wiki textile rdoc log out diff patch"
_PROSE = frozenset(_PROSE_ENDS.split())
_TEST = re.compile(
    r"(?i)(?:^|[/_.!-])(?:tests?|specs?|testing|testdata|test-?data|fixtures?|mocks?|__tests__|__mocks__|stubs?|examples?|samples?|demos?|dummy|e2e|integration|unittests?|benchmarks?|cypress|snapshots?)(?:[/_.!-]|$)|(?:Test|Tests|Spec|IT|TestCase|Mock)\.\w+$"
)
_LANGUAGE = re.compile(
    r"(?i)(?:^|[/_.-])(?:locales?|i18n|l10n|lang|langs|languages?|translations?|messages?|nls|intl)(?:[/_.-]|$)"
)
_MINIFIED = 480


@lru_cache(maxsize=1024)
def is_ignored(path: str) -> bool:
    """Lock files, images, styles, maps, translations: what looks like a secret there is a digest or noise."""
    return _IGNORED.search(path) is not None


@lru_cache(maxsize=1024)
def kind(path: str) -> str:
    """``code``, ``prose`` or ``config`` (all else: configuration, scripts, data, unknown)."""
    end = path.rpartition("/")[2].rpartition(".")[2].lower()
    return "code" if end in _CODE else "prose" if end in _PROSE else "config"


@lru_cache(maxsize=1024)
def _path_adjust(path: str) -> float:
    return -0.3 if _LANGUAGE.search(path) else 0.0


@lru_cache(maxsize=1024)
def is_test(path: str) -> bool:
    """Whether a file belongs to tests, examples, fixtures: a secret there is more often made up."""
    return _TEST.search(path) is not None


def adjust(path: str, line: bytes) -> float:
    """What is taken from the score for translations and minified code."""
    minified = len(line) >= _MINIFIED and path.endswith((".js", ".mjs", ".cjs", ".html", ".json"))
    return _path_adjust(path) - (0.25 if minified else 0.0)
