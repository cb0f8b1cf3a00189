"""Taking submissions and putting them back on their lesson's skeleton, without an engine."""

import json
import zipfile
from pathlib import Path

import pytest
from nbconvert.filters import markdown2html

from environment.errors import EnvironmentProblem
from environment.grading import inbox, report, skeleton, verdicts
from environment.grading.executor import Cell, role
from environment.notebooks import STUB


def _cell(name: str, source: str, kind: str = "", cell_type: str = "code") -> Cell:
    marks = {"open": {"grade_id": name}, "solution": {"solution": True}, "grade": {"grade": True, "points": 1}}.get(
        kind
    )
    return {"id": name, "cell_type": cell_type, "source": source, "metadata": {"nbgrader": marks} if marks else {}}


SOURCE = [
    _cell("title", "# T", cell_type="markdown"),
    _cell("open", "lesson = 1", "open"),
    _cell("demo", "print('demo')"),
    _cell("one", "right", "solution"),
    _cell("one-check", "verify(1)", "grade"),
    _cell("clean-up", "lesson.clean()"),
]


def _submitted(*cells: tuple[str, str]) -> list[Cell]:
    return [{"id": name, "cell_type": "code", "source": source} for name, source in cells]


def _sources(rebuilt: skeleton.Rebuilt) -> dict[str, str]:
    return {cell["id"]: cell["source"] for cell in rebuilt.cells}


def test_solutions_are_the_learners_and_everything_else_the_instructors() -> None:
    rebuilt = skeleton.rebuild(
        SOURCE, _submitted(("open", "hacked"), ("demo", "mine"), ("one", "answer"), ("one-check", "cheat"))
    )
    found = _sources(rebuilt)
    assert (found["open"], found["demo"], found["one"], found["one-check"]) == (
        "lesson = 1",
        "mine",
        "answer",
        "verify(1)",
    )
    assert [text for text in rebuilt.remarks if "one-check" in text]


def test_a_missing_solution_is_unsolved_and_a_doubled_one_counts_where_it_was_filled_in() -> None:
    missing = skeleton.rebuild(SOURCE, _submitted(("open", "lesson = 1"), ("demo", "x")))
    assert _sources(missing)["one"] == STUB
    doubled = skeleton.rebuild(SOURCE, _submitted(("one", STUB), ("one", "answer")))
    assert _sources(doubled)["one"] == "answer"
    assert "2 times" in doubled.remarks[0]


def test_extra_cells_stay_where_they_were_and_never_run_before_the_lesson_is_open() -> None:
    rebuilt = skeleton.rebuild(SOURCE, _submitted(("early", "1"), ("open", "lesson = 1"), ("one", "a"), ("mine", "2")))
    names = [cell["id"] for cell in rebuilt.cells]
    assert names.index("extra-1") > names.index("open")
    assert names.index("extra-2") == names.index("one") + 1


def test_unchanged_demonstrations_are_skipped_and_changed_ones_run() -> None:
    same = skeleton.rebuild(SOURCE, _submitted(("demo", "print('demo')"), ("one", "a")))
    changed = skeleton.rebuild(SOURCE, _submitted(("demo", "x = 1"), ("one", "a")))

    def runs(rebuilt: skeleton.Rebuilt, *, everything: bool = False) -> list[str]:
        return [cell["id"] for cell in skeleton.to_run(rebuilt.cells, SOURCE, everything=everything)]

    assert runs(same) == ["open", "one", "one-check"]
    assert runs(changed) == ["open", "demo", "one", "one-check"]
    assert runs(same, everything=True) == ["open", "demo", "one", "one-check"]


def test_markup_in_a_learners_text_is_inert() -> None:
    text = "[x](javascript:alert(1))\n\n<script>alert(1)</script>\r<img src=x onerror=alert(1)>\n```\n<b>out</b>"
    note = [{"id": "n", "cell_type": "markdown", "source": text}]
    told = next(cell for cell in skeleton.rebuild(SOURCE, note).cells if cell["id"] == "extra-1")
    page = markdown2html(told["source"])
    for live in ("<script", "<img", "href=", "<b>"):
        assert live not in page, page


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff\xfe", b'{"cells": 3}', b'{"cells": [3, null]}', b"[" * 100_000, b'{"worksheets": []}'],
)
def test_what_is_no_notebook_has_no_cells_and_a_reason(content: bytes) -> None:
    cells, problem = skeleton.read(content)
    assert (cells, bool(problem)) == ([], True)
    assert _sources(skeleton.rebuild(SOURCE, cells))["one"] == STUB


def test_the_role_of_a_rebuilt_cell_is_the_sources() -> None:
    rebuilt = skeleton.rebuild(SOURCE, [{"id": "one", "cell_type": "markdown", "source": "answer"}])
    one = next(cell for cell in rebuilt.cells if cell["id"] == "one")
    assert (role(one), one["source"]) == ("solution", "answer")


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("ada", "ada"),
        ("Ada Lovelace_4711_assignsubmission_file", "Ada-Lovelace"),
        ("lovelaceada_123_456_2-03-containers", "lovelaceada"),
        ("lovelaceada_LATE_123_456_2-03-containers", "lovelaceada"),
        ("ada@example.org", "ada@example.org"),
    ],
)
def test_students_are_known_by_the_names_that_classroom_tools_give(name: str, student: str) -> None:
    assert inbox.student_of(name) == student


@pytest.mark.parametrize("name", ["..", "../ada", "-rf", "", "a" * 65, "a/b", "a,b", "a*"])
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(EnvironmentProblem):
        inbox.student_of(name)


def test_a_zip_gives_one_notebook_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("environment.paths.BUILD", tmp_path / "build")
    box = tmp_path / "box"
    box.mkdir()
    with zipfile.ZipFile(box / "ada.zip", "w") as archive:
        archive.writestr("../../evil.txt", "x")
        archive.writestr("deep/inside/lesson.ipynb", "second")
        archive.writestr("lesson.ipynb", "first")
    (box / "bob.zip").write_bytes(b"PK no zip")
    (box / "carl").mkdir()
    (box / "carl" / "lesson.ipynb").symlink_to("/etc/passwd")
    problems = inbox.take(box, "lesson")
    files = [path for path in (tmp_path / "build").rglob("*") if path.is_file()]
    assert [path.read_text() for path in files] == ["first"]
    assert len(problems) == 2
    assert not (tmp_path / "evil.txt").exists()


def test_a_zip_bomb_is_read_to_its_limit_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("environment.paths.BUILD", tmp_path / "build")
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lesson.ipynb", b"0" * (skeleton.LARGEST_NOTEBOOK * 4))
    inbox.take(tmp_path, "lesson")
    made = tmp_path / "build" / "submitted" / "ada" / "lesson" / "lesson.ipynb"
    assert made.stat().st_size == skeleton.LARGEST_NOTEBOOK + 1


def test_the_report_counts_what_failed_and_its_cells_are_no_formulas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("environment.paths.BUILD", tmp_path)
    row = {"ok": False, "wanted": "<b>x</b>", "seen": "", "evidence": "", "hint": "", "points": 1}
    told = [{"grade_id": "one-check", "points": 0.0, "maximum": 1.0, "rows": [row], "error": ""}]
    record = verdicts.Record("k", verdicts.JUDGED, told, remarks=['=HYPERLINK("x")'])
    verdicts.store("lesson", "ada", record)
    verdicts.store("lesson", "bob", record)
    page = report.write("lesson")
    assert "<td>2</td>" in page.read_text()
    assert "<b>x</b>" not in page.read_text()
    assert "\n=" not in page.with_suffix(".csv").read_text()
    assert ",'=HYPERLINK" in page.with_suffix(".csv").read_text().replace('"', "")
    assert json.loads((tmp_path / "verdicts" / "lesson" / "ada.json").read_text())["status"] == "judged"
