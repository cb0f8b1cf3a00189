"""The class at a glance: marks by exercise, the expectation that failed most often, who is stuck where – as HTML and CSV."""

import csv
import html
from collections import Counter
from pathlib import Path

from environment import paths
from environment.grading import verdicts
from environment.grading.verdicts import Record


def records(lesson: str) -> list[tuple[str, Record]]:
    """Every student with a record, and the record."""
    names = sorted(path.stem for path in verdicts.folder(lesson).glob("*.json"))
    return [(name, record) for name in names if (record := verdicts.load(lesson, name))]


def _safe(text: object) -> str:
    """A spreadsheet's cell that is no formula (OWASP: CSV injection)."""
    words = str(text)
    return f"'{words}" if words.startswith(tuple("=+-@\t\r")) else words


def failed_most(rows: list[tuple[str, Record]]) -> list[tuple[str, str, int]]:
    """Exercise, expectation, and how many learners did not meet it; the most frequent first."""
    told = Counter(
        (verdict["grade_id"], row["wanted"])
        for _, record in rows
        for verdict in record.verdicts
        for row in verdict["rows"]
        if not row["ok"]
    )
    return [(exercise, wanted, count) for (exercise, wanted), count in told.most_common(10)]


def _table(rows: list[tuple[str, Record]]) -> tuple[list[str], list[list[object]]]:
    exercises = list(dict.fromkeys(verdict["grade_id"] for _, record in rows for verdict in record.verdicts))
    lines: list[list[object]] = []
    for student, record in rows:
        points = {verdict["grade_id"]: verdict["points"] for verdict in record.verdicts}
        judged = record.status == verdicts.JUDGED
        marks: list[object] = [points.get(name, "") if judged else "" for name in exercises]
        note = "; ".join([*record.remarks, record.problem] if record.problem else record.remarks)
        lines.append([student, record.status, record.points if judged else "", *marks, note])
    return ["student", "status", "points", *exercises, "remarks"], lines


def _html(lesson: str, head: list[str], lines: list[list[object]], rows: list[tuple[str, Record]]) -> str:
    def cells(kind: str, values: list[object]) -> str:
        return "".join(f"<{kind}>{html.escape(f'{v:g}' if isinstance(v, float) else str(v))}</{kind}>" for v in values)

    judged = [record.points for _, record in rows if record.status == verdicts.JUDGED]
    mean = f"{sum(judged) / len(judged):.1f}" if judged else "–"
    body = "".join(f"<tr>{cells('td', line)}</tr>" for line in lines)
    failed = "".join(f"<tr>{cells('td', list(one))}</tr>" for one in failed_most(rows))
    style = "body{font-family:sans-serif;margin:2em}td,th{border:1px solid #999;padding:.2em .5em}table{border-collapse:collapse}"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{lesson}</title><style>{style}</style><h1>{lesson}</h1>"
        f"<p>{len(rows)} submissions, {len(judged)} judged, {mean} points on average.</p>"
        f"<h2>Marks</h2><table><tr>{cells('th', list(head))}</tr>{body}</table>"
        f"<h2>What failed most often</h2><table><tr><th>exercise</th><th>expectation</th><th>learners</th></tr>{failed}</table></html>"
    )


def write(lesson: str) -> Path:
    """Write `build/reports/LESSON.html` and `.csv`; return the HTML's place."""
    rows = records(lesson)
    head, lines = _table(rows)
    folder = paths.BUILD / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{lesson}.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([head, *([_safe(value) for value in line] for line in lines)])
    page = folder / f"{lesson}.html"
    page.write_text(_html(lesson, head, lines, rows))
    return page
