"""The report as one HTML file: nothing is loaded from anywhere, and it works without its script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .json_ import moment

if TYPE_CHECKING:
    from .rows import Place, Row, Rows

_STYLE = """
:root{--ink:#1b1f24;--soft:#5b6570;--line:#dfe4ea;--paper:#fff;--tint:#f6f8fa;--critical:#8e1b7a;--high:#c62828;
--medium:#b26a00;--low:#1565a0;--good:#1f7a3a}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa5b1;--line:#343b44;--paper:#14181d;--tint:#1c2229;
--critical:#e07ad0;--high:#ff7b72;--medium:#e3a24a;--low:#6cb2f0;--good:#5fce85}}
*{box-sizing:border-box}body{margin:0 auto;max-width:68rem;padding:2rem 1.25rem 4rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,sans-serif}h1{font-size:1.5rem;margin:0}p{margin:.4rem 0}
.soft{color:var(--soft)}.tiles{display:flex;gap:.75rem;flex-wrap:wrap;margin:1.25rem 0}
.tile{flex:1 1 8rem;background:var(--tint);border:1px solid var(--line);border-radius:8px;padding:.6rem .9rem}
.tile b{display:block;font-size:1.6rem;line-height:1.2}form{display:flex;gap:.5rem;flex-wrap:wrap;margin:1rem 0}
input,select{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:.35rem .6rem}
input{flex:1 1 14rem}article{border:1px solid var(--line);border-left:5px solid var(--soft);border-radius:8px;
padding:.8rem 1rem;margin:.8rem 0}article.critical{border-left-color:var(--critical)}article.high{border-left-color:var(--high)}
article.medium{border-left-color:var(--medium)}article.low{border-left-color:var(--low)}h2{font-size:1.05rem;margin:0}
h3{font-size:1.1rem;margin:2rem 0 .5rem}.critical .badge{color:var(--critical)}.high .badge{color:var(--high)}
.medium .badge{color:var(--medium)}.low .badge{color:var(--low)}.badge{font-size:.8rem;font-weight:600;text-transform:uppercase;
letter-spacing:.04em;margin-right:.6rem}code,pre{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--tint);border-radius:6px;padding:.55rem .75rem;margin:.5rem 0;white-space:pre-wrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .9rem;margin:.4rem 0 0;font-size:.93rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}.bad{color:var(--high)}.good{color:var(--good)}[hidden]{display:none}
"""

_SCRIPT = """
(function(){var form=document.getElementById('filter');if(!form)return;form.hidden=false;
var all=[].slice.call(document.querySelectorAll('article')),left=document.getElementById('left');
function show(){var words=form.words.value.toLowerCase(),severity=form.severity.value,n=0;
all.forEach(function(a){var ok=(!severity||a.classList.contains(severity))&&a.textContent.toLowerCase().indexOf(words)>=0;
a.hidden=!ok;if(ok)n++});left.textContent=n+' shown'}
form.addEventListener('input',show);form.addEventListener('submit',function(e){e.preventDefault()});show()})();
"""

_SEVERITIES = ("critical", "high", "medium", "low")


def render(rows: Rows) -> str:
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>Leak scan: {escape(rows.summary)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + _head(rows)
        + _filter(rows)
        + "<main>\n"
        + "".join(_article(row) for row in rows.rows)
        + "</main>\n"
        + _problems(rows)
        + _allowed(rows)
        + f"<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _head(rows: Rows) -> str:
    state = "good" if rows.complete and not rows.rows else "bad"
    counts = [(name, sum(row.severity == name for row in rows.rows)) for name in _SEVERITIES]
    tiles = [f'<div class="tile {name}"><b>{count}</b>{name}</div>' for name, count in counts]
    for key in ("files", "commits", "layers"):
        if rows.stats.get(key):
            tiles.append(f'<div class="tile"><b>{int(rows.stats[key]):,}</b>{key}</div>')
    if rows.stats.get("bytes"):
        tiles.append(f'<div class="tile"><b>{rows.stats["bytes"] / 1e6:,.1f}</b>MB read</div>')
    return (
        f'<header>\n<h1>Leak scan</h1>\n<p class="{state}">{escape(rows.summary)}</p>\n'
        f'<p class="soft">wellkept {escape(rows.version)}, {moment(rows.ended)}</p>\n'
        f'<div class="tiles">{"".join(tiles)}</div>\n</header>\n'
    )


def _filter(rows: Rows) -> str:
    if len(rows.rows) < 2:
        return ""
    options = "".join(f"<option>{name}</option>" for name in _SEVERITIES)
    return (
        '<form id="filter" hidden><input name="words" type="search" placeholder="path, rule, owner" aria-label="filter">'
        f'<select name="severity" aria-label="severity"><option value="">all severities</option>{options}</select>'
        '<span id="left" class="soft"></span></form>\n'
    )


def _article(row: Row) -> str:
    severity = row.severity if row.severity in _SEVERITIES else "low"
    facts: list[tuple[str, str]] = [
        ("where", f"<code>{escape(str(row.place))}</code>{escape(_how(row.place))}")
    ]
    if row.also:
        places = "<br>".join(f"<code>{escape(str(place))}</code>" for place in row.also[:50])
        more = f"<br>and {len(row.also) - 50} more" if len(row.also) > 50 else ""
        facts.append(("also", places + more))
    known = {key: value for key, value in row.details.items() if key not in ("owner", "verify")}
    facts += [
        (label, escape(text))
        for label, text in (
            ("owner", row.owner),
            ("works", row.verified),
            ("grants", row.grants),
            ("to revoke", row.revoke),
            ("known", ", ".join(f"{key} {value}" for key, value in known.items())),
            ("rule", f"{row.rule}, confidence {row.confidence:g}"),
            ("finding", row.id),
        )
        if text
    ]
    line = f"<pre>{escape(row.line)}</pre>\n" if row.line else ""
    pairs = "".join(f"<dt>{label}</dt><dd>{text}</dd>" for label, text in facts)
    return (
        f'<article class="{severity}" id="f{escape(row.short)}">\n<h2><span class="badge">{severity}</span>{escape(row.message)}</h2>\n'
        f"{line}<dl>{pairs}</dl>\n</article>\n"
    )


def _how(place: Place) -> str:
    parts = [" in ".join(place.decoded), place.author, place.date, place.layer]
    if place.in_head is not None and place.commit:
        parts.append("still in HEAD" if place.in_head else "no longer in HEAD")
    text = ", ".join(part for part in parts if part)
    return f" ({text})" if text else ""


def _problems(rows: Rows) -> str:
    if not rows.problems:
        return ""
    items = "".join(
        f'<li class="{"bad" if problem.fatal else "soft"}"><b>{escape(problem.kind)}</b> '
        f"<code>{escape(problem.subject)}</code> {escape(problem.message)}</li>\n"
        for problem in rows.problems
    )
    return f"<section>\n<h3>Not looked at</h3>\n<ul>\n{items}</ul>\n</section>\n"


def _allowed(rows: Rows) -> str:
    if not rows.allowed:
        return ""
    items = "".join(
        f"<li><code>{escape(str(row.place))}</code> {escape(row.message)}: {escape(reason)}"
        f"{f' (until {escape(until)})' if until else ''}</li>\n"
        for row, reason, until in rows.allowed
    )
    return f"<section>\n<h3>Allowed</h3>\n<ul>\n{items}</ul>\n</section>\n"
