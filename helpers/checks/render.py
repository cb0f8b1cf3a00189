"""How a verdict looks: HTML for JupyterLab (readable in both themes, no meaning by colour alone) and its text twin.

Every string may come from a container or a learner, so every string is escaped.
"""

import html
import re
from typing import Any

_STYLE = "border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0;font-family:var(--jp-content-font-family)"
_RIGHT, _WRONG = "#0072b2", "#d55e00"
_LONGEST = 600
#: Commands in hints stand between backticks, as in Markdown.
_CODE = re.compile(r"`([^`]+)`")


def _short(text: object) -> str:
    words = str(text)
    return words if len(words) <= _LONGEST else words[:_LONGEST] + " …"


def _number(points: float) -> str:
    return f"{points:g}"


def as_text(told: dict[str, Any]) -> str:
    """The report in plain lines."""
    lines = []
    for row in told["rows"]:
        points = f"{_number(row['points'] if row['ok'] else 0)} of {_number(row['points'])}"
        lines.append(f"{'✓' if row['ok'] else '✗'} {_short(row['wanted'])}  [{points}]")
        if not row["ok"]:
            lines.append(f"    seen: {_short(row['seen'])}")
            lines += [f"    evidence: {_short(row['evidence'])}"] if row["evidence"] else []
            lines += [f"    where to look: {row['hint']}"] if row["hint"] else []
    lines.append(f"{_number(told['points'])} of {_number(told['maximum'])} points")
    if told["why"]:
        lines.append(f"Why it works: {told['why']}")
    if told["further"]:
        lines.append(f"One step further: {told['further']}")
    return "\n".join(lines)


def _quoted(text: object) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(_short(text)))


def _row(row: dict[str, Any]) -> str:
    points = f"{_number(row['points'] if row['ok'] else 0)} of {_number(row['points'])}"
    if row["ok"]:
        return f'<div style="{_STYLE.format(colour=_RIGHT)}"><b>✓ right</b> ({points}) – {_quoted(row["wanted"])}</div>'
    parts = [
        f'<div style="{_STYLE.format(colour=_WRONG)}"><b>✗ not yet</b> ({points})<br>',
        f"<b>wanted</b> {_quoted(row['wanted'])}<br><b>seen</b> {_quoted(row['seen'])}",
    ]
    if row["evidence"]:
        parts.append(f'<pre style="margin:.2em 0;white-space:pre-wrap">{_quoted(row["evidence"])}</pre>')
    if row["hint"]:
        parts.append(f"<br><b>where to look</b> {_quoted(row['hint'])}")
    return "".join([*parts, "</div>"])


def as_html(told: dict[str, Any]) -> str:
    """The report as HTML."""
    rows = "".join(_row(row) for row in told["rows"])
    why = f"<p><b>Why it works:</b> {_quoted(told['why'])}</p>" if told["why"] else ""
    why += f"<p><b>One step further:</b> {_quoted(told['further'])}</p>" if told["further"] else ""
    total = f"{_number(told['points'])} of {_number(told['maximum'])} points"
    return f'<section aria-label="Result: {total}">{rows}<p><b>{total}</b></p>{why}</section>'
