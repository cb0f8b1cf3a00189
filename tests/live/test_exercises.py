"""One exercise begun again: what belongs to it goes, everything else stays; solutions for who passed or gave up."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import paths
from environment.grading import proofs
from helpers import containers, drills, exercises, kube, lessons, marks
from helpers.errors import CourseError

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def lesson() -> Iterator[lessons.Lesson]:
    """The containers lesson, opened and cleaned afterwards."""
    opened = lessons.open("2-03-containers")
    yield opened
    opened.clean()


@pytest.fixture
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file for the learner's marks, as the course's JupyterLab names one to its kernels."""
    place = tmp_path / "progress.json"
    monkeypatch.setenv(marks.VARIABLE, str(place))
    return place


def test_a_reset_takes_the_exercises_container_and_answer_and_nothing_else(lesson: lessons.Lesson) -> None:
    lesson.bash("docker run -d --name site busybox:1.37 sleep 60; docker run -d --name hungry busybox:1.37 sleep 60")
    lesson.answer("exit-code", 1)
    began = time.monotonic()
    lesson.reset("hungry")
    assert time.monotonic() - began < 2
    assert containers.Container("hungry").state == "absent"
    assert lessons.read_answer("exit-code") is None
    assert containers.Container("site").state == "running"


def test_a_reset_names_what_is_there_to_choose_from(lesson: lessons.Lesson) -> None:
    with pytest.raises(CourseError, match="no exercise 'nothing'") as told:
        lesson.reset("nothing")
    assert "1 (site)" in told.value.remedy


def test_an_exercise_may_be_named_by_its_number(lesson: lessons.Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.bash("docker run -d --name site busybox:1.37 sleep 60")
    lesson.reset(1)
    assert "site: gone: site" in capsys.readouterr().out
    assert containers.Container("site").state == "absent"
    with pytest.raises(CourseError, match="no exercise '99'"):
        lesson.reset(99)


def test_a_reset_takes_objects_of_kubernetes_with_their_pods() -> None:
    opened = lessons.open("4-03-deployments")
    try:
        exercise = next(name for name, one in exercises.of(opened.name).items() if one.solutions)
        named = sorted(exercises.of(opened.name)[exercise].names())
        opened.bash("kubectl create deployment keepme --image busybox:1.37 -- sleep 600")
        for text in exercises.of(opened.name)[exercise].solutions.values():
            opened.bash(text.removeprefix("%%bash\n"))
        made = {one["metadata"]["name"] for one in kube.ls("Deployment")} - {"keepme"}
        assert made & set(named), f"{exercise} makes {made}, its check names {named}"
        began = time.monotonic()
        opened.reset(exercise)
        assert time.monotonic() - began < 2
        left = [one["metadata"]["name"] for one in kube.ls("Deployment")]
        assert not set(left) & made, left
        assert "keepme" in left
        assert not [one for one in kube.ls("Pod") if one["metadata"]["name"].rpartition("-")[0] in made]
    finally:
        opened.clean()


def test_a_solution_is_for_who_passed_or_gives_up_which_is_recorded(lesson: lessons.Lesson, progress: Path) -> None:
    with pytest.raises(CourseError, match="has not passed"):
        lesson.solution("site")
    shown = lesson.solution("site", give_up=True)
    assert "docker run" in str(shown)
    assert "SOLUTION" not in str(shown)
    assert "gave_up" in marks.read()["lessons"][lesson.name]["site-check"]


def test_without_a_place_for_it_nobody_gives_up(lesson: lessons.Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(marks.VARIABLE, raising=False)
    with pytest.raises(CourseError, match="own JupyterLab"):
        lesson.solution("site", give_up=True)


@pytest.mark.parametrize("name", proofs.lessons())
def test_every_exercise_has_a_solution_to_show(name: str, progress: Path) -> None:
    found = exercises.of(name)
    assert len(found) >= 5
    for exercise in found:
        assert exercises.solution(name, exercise, give_up=True).cells


def test_a_copy_without_solutions_says_so(progress: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from environment import workspace

    source = paths.SOURCES / "2-03-containers" / "2-03-containers.ipynb"
    copy = tmp_path / "2-03-containers" / source.name
    copy.parent.mkdir()
    copy.write_bytes(workspace.released(source).read_bytes())
    monkeypatch.setattr(paths, "SOURCES", tmp_path)
    with pytest.raises(CourseError, match="no solutions"):
        exercises.solution("2-03-containers", "site", give_up=True)


@pytest.mark.parametrize("name", proofs.lessons())
def test_every_lesson_has_faults_for_drills(name: str) -> None:
    assert len(drills.faults(name)) >= 2


@pytest.mark.parametrize("name", ["2-03-containers", "2-05-networking", "4-02-pods"])
def test_what_a_drill_breaks_can_be_repaired(name: str, progress: Path) -> None:
    opened = lessons.open(name)
    try:
        for seed in (1, 2):
            drill = opened.break_it(seed)
            assert drill.check().points < drill.check().maximum
            opened.reset(drill.exercise)
            for text in exercises.of(name)[drill.exercise].solutions.values():
                exercises._run(opened, text)
            report = drill.check()
            assert report.points == report.maximum, f"{drill.exercise}: {report}"
            assert "passed" in marks.read()["lessons"][name][f"drill-{drill.exercise}"]
    finally:
        opened.clean()


def test_the_same_seed_breaks_the_same(lesson: lessons.Lesson) -> None:
    first, again = lesson.break_it(7), lesson.break_it(7)
    assert (first.exercise, first.seed) == (again.exercise, again.seed)
    others = {lesson.break_it(seed).exercise for seed in range(20, 26)}
    assert len(others) > 1
