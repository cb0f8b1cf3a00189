"""The start page's facts, marks taken over from a file, and cells given back – without a server, without an engine."""

import json
from pathlib import Path
from typing import Any

import pytest

from environment import paths, workspace
from environment.errors import EnvironmentProblem
from environment.grading import proofs
from environment.room import overview, progress, restore
from helpers import marks

LAB = overview.Lab("owned, Docker 29", False, [], 0, 0, "everything is ready")
LESSON = "2-03-containers"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with one lesson, and a place for marks."""
    target = tmp_path / LESSON / f"{LESSON}.ipynb"
    target.parent.mkdir()
    target.write_bytes(workspace.released(proofs.notebook(LESSON)).read_bytes())
    monkeypatch.setenv(marks.VARIABLE, str(tmp_path / ".progress.json"))
    return tmp_path


def _marks(**checks: dict[str, Any]) -> dict[str, Any]:
    return {"lessons": {LESSON: {f"{name}-check": row for name, row in checks.items()}}}


def test_points_of_what_once_passed_stay(desk: Path) -> None:
    told = _marks(site={"points": 0, "maximum": 4, "passed": 1.0}, page={"points": 1, "maximum": 3})
    (section,) = overview.sections(desk, told, LAB)
    lesson = section.lessons[0]
    assert (lesson.points, lesson.passed, lesson.state) == (5, 1, "begun")
    assert section.maximum == lesson.maximum == 23


def test_where_next_is_the_lesson_opened_last_until_it_is_done(desk: Path) -> None:
    other = desk / "2-04-dockerfile" / "2-04-dockerfile.ipynb"
    other.parent.mkdir()
    other.write_bytes(workspace.released(proofs.notebook("2-04-dockerfile")).read_bytes())
    groups = overview.sections(desk, {}, LAB)
    first = overview.where_next(groups, {})
    last = overview.where_next(groups, {"last": {"lesson": "2-04-dockerfile"}})
    assert first and first.name == LESSON
    assert last and last.name == "2-04-dockerfile"
    checks = {cell["id"]: {"passed": 1.0} for cell in _released(LESSON) if cell["id"].endswith("-check")}
    told = {"lessons": {LESSON: checks}, "last": {"lesson": LESSON}}
    after = overview.where_next(overview.sections(desk, told, LAB), told)
    assert after and after.name == "2-04-dockerfile"


def _released(lesson: str) -> list[dict[str, Any]]:
    return list(json.loads(workspace.released(proofs.notebook(lesson)).read_text())["cells"])


def test_a_lesson_says_what_it_waits_for(desk: Path) -> None:
    building = overview.Lab("owned, Docker 29", True, ["engine", "image-busybox"], 3, 9, "3 of 9")
    waiting = overview.sections(desk, {}, building)[0].lessons[0]
    assert "image-nginx" in waiting.waits_for
    assert "image-busybox" not in waiting.waits_for
    assert overview.sections(desk, {}, LAB)[0].lessons[0].waits_for == ""
    none = overview.Lab("", False, [], 0, 0, "nothing is being made")
    assert "no engine runs" in overview.sections(desk, {}, none)[0].lessons[0].waits_for


def test_marks_taken_over_keep_the_better(desk: Path) -> None:
    place = desk / ".progress.json"
    place.write_text(json.dumps(_marks(site={"points": 4, "passed": 1.0}, page={"points": 1})))
    theirs = _marks(site={"points": 0}, page={"points": 2}, small={"points": 3, "passed": 2.0, "note": "<script>"})
    assert progress.take_over(json.dumps(theirs).encode()).startswith("2 marks")
    kept = json.loads(place.read_text())["lessons"][LESSON]
    assert kept["site-check"] == {"points": 4, "passed": 1.0}
    assert kept["page-check"]["points"] == 2
    assert kept["small-check"] == {"points": 3, "passed": 2.0}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"lessons": 3}', b"x" * 2_000_000])
def test_what_is_no_file_of_marks_is_refused(desk: Path, content: bytes) -> None:
    with pytest.raises(EnvironmentProblem, match="this file"):
        progress.take_over(content)


def test_a_cell_comes_back_and_the_learners_is_kept(desk: Path) -> None:
    asked = {"path": f"{LESSON}/{LESSON}.ipynb", "cell": "site", "text": "my try"}
    told = restore.answer(desk, asked)
    assert "YOUR CODE HERE" in told["cells"][0]["source"]
    assert "docker run" not in told["cells"][0]["source"]
    assert (desk / told["kept"]).read_text() == "my try"


def test_all_cells_come_back(desk: Path) -> None:
    told = restore.answer(desk, {"path": f"{LESSON}/{LESSON}.ipynb"})
    assert [cell["id"] for cell in told["cells"]] == [cell["id"] for cell in _released(LESSON)]
    assert json.loads((desk / told["kept"]).read_text())["nbformat"] == 4


@pytest.mark.parametrize("path", ["", "../x.ipynb", "/etc/passwd", "mine/mine.ipynb", f"{LESSON}/../../{LESSON}.ipynb"])
def test_only_lessons_of_the_workspace_are_touched(desk: Path, path: str) -> None:
    with pytest.raises(EnvironmentProblem, match="no lesson"):
        restore.answer(desk, {"path": path})


def test_a_cell_of_the_learners_own_has_nothing_to_come_back_to(desk: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="your own"):
        restore.answer(desk, {"path": f"{LESSON}/{LESSON}.ipynb", "cell": "not-there", "text": ""})


def test_the_extension_is_one_file_that_asks_only_our_server() -> None:
    source = paths.ROOT / "environment" / "room" / "labextensions" / "containers-course"
    load = json.loads((source / "package.json").read_text())["jupyterlab"]["_build"]["load"]
    text = (source / load).read_text()
    assert "http://" not in text
    assert "https://" not in text
