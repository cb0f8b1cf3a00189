"""`release`, `submit`, `grade` and nbgrader's own commands, as an instructor uses them, in a copy of the repository."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import paths
from environment.grading import lab, proofs
from tests.grading import instructor
from tests.grading.instructor import FULL, LESSON, WORTH

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as an instructor has it."""
    return instructor.copy(tmp_path_factory.mktemp("instructor"))


def _odd() -> dict[str, bytes]:
    """Files that are no proper submission of this lesson, by student."""
    foreign = json.loads(proofs.notebook("2-06-volumes").read_text())
    renamed = instructor.notebook(("site", "greeter"))
    renamed["metadata"]["kernelspec"] = {"name": "julia-1.10", "display_name": "Julia", "language": "julia"}
    for cell in renamed["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 1
    return {
        "not-json": b"hello",
        "not-text": b"\xff\xfe\x00\x80" * 100,
        "empty": b"",
        "no-cells": json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode(),
        "huge": json.dumps(instructor.notebook(()) | {"padding": "x" * (100 << 20)}).encode(),
        "other-lesson": json.dumps(foreign).encode(),
        "other-kernel": json.dumps(renamed).encode(),
    }


@pytest.fixture(scope="module")
def graded(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A class that has been graded: the course folder, and what `grade` printed."""
    box = tmp_path_factory.mktemp("inbox")
    (box / "ada.ipynb").write_text(json.dumps(instructor.notebook()))
    with zipfile.ZipFile(box / "Bob Builder_4711_assignsubmission_file.zip", "w") as archive:
        archive.writestr(f"some/where/{LESSON}.ipynb", json.dumps(instructor.notebook(("site", "greeter"))))
        archive.writestr("../../../../tmp/outside.txt", "no")
    (box / "carl").mkdir()
    (box / "carl" / f"{LESSON}.ipynb").write_text(json.dumps(instructor.notebook(())))
    markup = instructor.notebook(("site", "greeter"))
    script = (Path(__file__).parents[1] / "attacks" / "cells" / "markup-in-output.py").read_text()
    markup["cells"][4:4] = [
        {"cell_type": "code", "id": "mine", "metadata": {}, "source": script, "outputs": [], "execution_count": None},
        {
            "cell_type": "markdown",
            "id": "note",
            "metadata": {},
            "source": "<script>alert('markdown')</script> [x](javascript:alert(1))",
        },
    ]
    (box / "dora.ipynb").write_text(json.dumps(markup))
    (box / "eve.ipynb").write_text(json.dumps(instructor.attacked("kill-the-engine", ("site",))))
    for student, content in _odd().items():
        (box / f"{student}.ipynb").write_bytes(content)
    (box / "link.ipynb").symlink_to("/etc/passwd")
    done = instructor.grade(course, LESSON, "--from", str(box), "--jobs", "2")
    yield course, done.stdout + done.stderr


def test_marks_are_what_each_deserves(graded: tuple[Path, str]) -> None:
    course, told = graded
    marks = instructor.marks(course)
    odd = dict.fromkeys(_odd(), 0.0)
    assert marks == {"ada": FULL, "Bob-Builder": WORTH, "carl": 0.0, "dora": WORTH, **odd, "other-kernel": WORTH}, told


def test_what_could_not_be_judged_has_no_mark_and_is_told(graded: tuple[Path, str]) -> None:
    course, told = graded
    assert "✗ eve: 2-03-containers: the lab's engine ended" in told
    assert "link.ipynb is a link" in told
    assert not (course / "build" / "autograded" / "eve").exists()
    assert not Path("/tmp/outside.txt").exists()


def test_odd_submissions_leave_a_remark_in_the_gradebook(graded: tuple[Path, str]) -> None:
    course, _ = graded
    with (course / "build" / "reports" / f"{LESSON}.csv").open() as handle:
        remarks = {row["student"]: row["remarks"] for row in csv.DictReader(handle)}
    for student, phrase in {
        "not-json": "no notebook",
        "not-text": "no notebook",
        "empty": "no notebook",
        "no-cells": "empty",
        "huge": "MB",
        "other-lesson": "another lesson",
    }.items():
        assert phrase in remarks[student], (student, remarks[student])
    instructor.nbgrader(course, "generate_feedback", LESSON)
    page = (course / "build" / "feedback" / "not-json" / LESSON / f"{LESSON}.html").read_text()
    assert "the file is no notebook" in page


def test_feedback_says_what_is_missing_and_runs_no_script(graded: tuple[Path, str]) -> None:
    course, _ = graded
    instructor.nbgrader(course, "generate_feedback", LESSON)
    carl = (course / "build" / "feedback" / "carl" / LESSON / f"{LESSON}.html").read_text()
    assert "there is no container named 'site'" in carl
    dora = (course / "build" / "feedback" / "dora" / LESSON / f"{LESSON}.html").read_text()
    assert "alert" in dora
    for kind in ("stream", "html", "js", "error", "markdown"):
        assert f"<script>alert('{kind}')" not in dora
    assert 'href="javascript:' not in dora


def test_grading_again_judges_nothing_again(graded: tuple[Path, str]) -> None:
    course, _ = graded
    verdict = course / "build" / "verdicts" / LESSON / "ada.json"
    before = verdict.stat().st_mtime_ns
    marks = instructor.marks(course)
    done = instructor.grade(course, LESSON)
    assert verdict.stat().st_mtime_ns == before, done.stdout
    assert "1/1 eve" in done.stdout, done.stdout  # what could not be judged is tried again, and only that
    assert instructor.marks(course) == marks


def test_nbgraders_own_autograde_takes_the_same_verdicts_and_runs_nothing(graded: tuple[Path, str]) -> None:
    course, _ = graded
    instructor.nbgrader(course, "autograde", LESSON, "--student=Bob-Builder", "--force")
    assert instructor.marks(course)["Bob-Builder"] == WORTH
    command = [sys.executable, "-m", "nbgrader", "autograde", LESSON, "--student=eve", "--force"]
    done = subprocess.run(command, cwd=course, env=instructor.environment(course), capture_output=True, text=True)
    assert done.returncode != 0
    assert "there is no verdict on eve's" in done.stdout + done.stderr


def test_a_batch_that_was_killed_goes_on_where_it_was(course: Path, graded: tuple[Path, str], tmp_path: Path) -> None:
    assert graded
    for number in range(3):
        (tmp_path / f"late-{number}.ipynb").write_text(json.dumps(instructor.notebook(("greeter",))))
    command = [sys.executable, "-m", "environment", "grade", LESSON, "--from", str(tmp_path), "--jobs", "1"]
    running = subprocess.Popen(
        command, cwd=course, env=instructor.environment(course), stdout=subprocess.PIPE, start_new_session=True
    )
    folder = course / "build" / "verdicts" / LESSON
    deadline = time.monotonic() + 120
    while not list(folder.glob("late-*.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    first = {path: path.stat().st_mtime_ns for path in folder.glob("late-*.json")}
    assert first, "it was killed too early"
    lab.end_leftovers()  # as `stop` does; the next run would do it, too
    assert not list(Path("/run").glob(f"{paths.NAME}-lab-*"))
    assert not [line for line in Path("/proc/mounts").read_text().splitlines() if "-lab-" in line]
    done = instructor.grade(course, LESSON, "--jobs", "1")
    marks = instructor.marks(course)
    assert [marks[f"late-{number}"] for number in range(3)] == [2.0, 2.0, 2.0], done.stdout
    for path in first:
        record = json.loads(path.read_text())
        assert record["saved"] == 2.0
    assert done.stdout.count("late-") == 3 - len(first), done.stdout


def test_release_has_no_solutions_and_starts_from_its_zip(course: Path) -> None:
    command = [sys.executable, "-m", "environment", "release", LESSON]
    done = subprocess.run(command, cwd=course, env=instructor.environment(course), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    again = subprocess.run(command, cwd=course, env=instructor.environment(course), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    with zipfile.ZipFile(course / "build" / "course.zip") as archive:
        names = archive.namelist()
        notebooks = [name for name in names if name.endswith(".ipynb")]
        assert len(notebooks) == len(proofs.lessons())
        for name in notebooks:
            assert b"BEGIN SOLUTION" not in archive.read(name), name
        assert not [name for name in names if "tests/" in name or "mistakes" in name]
    released = (course / "build" / "release" / LESSON / f"{LESSON}.ipynb").read_text()
    assert "BEGIN SOLUTION" not in released
    assert "YOUR CODE HERE" in released


def test_submit_makes_one_zip_that_grade_takes(course: Path) -> None:
    place = course / "workspace" / LESSON
    place.mkdir(parents=True)
    (place / f"{LESSON}.ipynb").write_text(json.dumps(instructor.notebook()))
    command = [sys.executable, "-m", "environment", "submit", LESSON]
    done = subprocess.run(command, cwd=course, env=instructor.environment(course), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(course / "workspace" / f"{LESSON}.zip") as archive:
        assert archive.namelist() == [f"{LESSON}/{LESSON}.ipynb"]


def test_what_no_lab_can_judge_waits_for_a_person(course: Path, tmp_path: Path) -> None:
    cluster = "4-01-architecture"
    shutil.copyfile(proofs.notebook(cluster), tmp_path / "ada.ipynb")
    done = instructor.grade(course, cluster, "--from", str(tmp_path))
    assert "wait to be graded by hand" in done.stdout
    assert not (course / "build" / "autograded" / "ada" / cluster).exists()
