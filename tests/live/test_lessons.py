"""Opening, re-attaching and cleaning a lesson; foreign objects stay untouched."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import labenv, papermill_run, paths
from environment.grading import executor, proofs
from helpers import containers, lessons, magics, networks, volumes
from helpers.checks import container, http, verify
from helpers.errors import CannotTell, CommandFailed, CourseError

pytestmark = pytest.mark.usefixtures("engine")
LESSON = "2-03-containers"


@pytest.fixture
def lesson() -> Iterator[lessons.Lesson]:
    """The containers lesson, opened and cleaned afterwards."""
    opened = lessons.open(LESSON)
    yield opened
    opened.clean()


def test_opening_twice_attaches(lesson: lessons.Lesson) -> None:
    containers.run("busybox:1.37", ["sleep", "60"], name="web")
    again = lessons.open(LESSON)
    assert (again.token, again.ports) == (lesson.token, lesson.ports)
    assert containers.get("web").state == "running"


def test_another_process_attaches_to_the_same_lesson_and_reads_its_answers(lesson: lessons.Lesson) -> None:
    lesson.answer("exit-code", 137)
    code = (
        f'from helpers import lessons; l = lessons.open("{LESSON}"); print(l.token, lessons.read_answer("exit-code"))'
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=paths.ROOT, env=labenv.lab(), capture_output=True, text=True
    )
    assert done.stdout.split() == [lesson.token, "137"], done.stderr


def test_clean_takes_the_lessons_and_leaves_foreign_objects() -> None:
    with (
        containers.run("busybox:1.37", ["sleep", "60"], name="foreign") as box,
        networks.create("foreign-net") as network,
        volumes.create("foreign-volume") as volume,
    ):
        opened = lessons.open(LESSON)
        magics.run_bash(
            "docker run -d --name site busybox:1.37 sleep 60; sleep 300 > /dev/null 2>&1 &", cwd=opened.work
        )
        opened.clean()
        assert containers.Container("site").state == "absent"
        assert box.state == "running"
        assert network.attrs["Name"] == "foreign-net"
        assert volume.attrs["Name"] == "foreign-volume"
        mark = f"COURSE_TOKEN={opened.token}".encode()
        assert not [
            p for p in Path("/proc").glob("[0-9]*/environ") if p.parent.name != str(os.getpid()) and mark in _read(p)
        ]
        assert not opened.folder.exists()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_name_that_is_somebody_elses_is_refused_and_left_alone() -> None:
    with containers.run("busybox:1.37", ["sleep", "60"], name="site") as foreign:
        before = foreign.attrs["Id"]
        with pytest.raises(CourseError, match=r"'site'.*exists already.*left alone"):
            lessons.open(LESSON)
        assert foreign.attrs["Id"] == before


def test_a_failing_cell_is_told_in_one_line() -> None:
    with pytest.raises(CommandFailed) as caught:
        magics.run_bash("docker start no-such-container")
    assert len(caught.value._render_traceback_()) == 1
    with pytest.raises(CommandFailed):
        magics.run_bash("if then")
    with pytest.raises(CommandFailed, match="did not"):
        magics.run_bash("true", expect_failure=True)


def test_an_engine_that_does_not_answer_is_no_verdict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(CannotTell, match="does not answer"):
        verify(container("web").is_running())


def test_a_port_nobody_listens_on_is_wrong_at_once(lesson: lessons.Lesson) -> None:
    report = verify(http(lesson.port("web")).answers(200), within=20)
    assert (report.points, report.seconds < 1) == (0, True)


def test_an_answer_that_is_no_value_is_refused(lesson: lessons.Lesson) -> None:
    with pytest.raises(CourseError, match="cannot be an answer"):
        lesson.answer("exit-code", object())
    with pytest.raises(CourseError, match="too long"):
        lesson.answer("exit-code", "x" * 20_000)
    with pytest.raises(CourseError, match="no name"):
        lesson.answer("../record", 1)
    assert json.loads((lesson.folder / "record.json").read_text())["token"] == lesson.token


def test_a_syntax_error_in_a_solution_costs_that_exercise_only_and_is_told() -> None:
    broken = {"site": "x = (", "greeter": "%%bash\nif then"}
    outcome = executor.execute(proofs.notebook(LESSON), broken, roles=proofs.EXERCISE_ROLES)
    assert "SyntaxError" in outcome.errors["site"]
    assert "status 2" in outcome.errors["greeter"]
    points = {one.grade_id: (one.points, one.maximum) for one in outcome.verdicts}
    judged = proofs.check_of(LESSON)
    for exercise in judged:
        got, most = points[judged[exercise]]
        assert got == (0 if exercise in broken else most), exercise


def test_a_lesson_that_fails_under_papermill_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(proofs.notebook(LESSON).read_text())
    opening = next(cell for cell in document["cells"] if cell["id"] == "open")
    wrong = "%%bash\ndocker run -d --name site busybox:1.37 sleep 60\nfalse"
    document["cells"] = [opening, {**opening, "id": "wrong", "metadata": {}, "source": wrong}]
    broken = tmp_path / "broken.ipynb"
    broken.write_text(json.dumps(document))
    monkeypatch.setattr(proofs, "notebook", lambda _: broken)
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    (problem,) = papermill_run._execute(LESSON)
    assert "failed" in problem
    assert not (paths.state() / "lessons" / LESSON).exists()
    assert containers.Container("site").state == "absent"


@pytest.mark.parametrize("options", [[], ["--restart", "always"]])
def test_a_program_that_takes_a_moment_to_end_is_waited_for(lesson: lessons.Lesson, options: list[str]) -> None:
    lesson.bash(f"docker run -d --name free {' '.join(options)} busybox:1.37 sh -c 'sleep 3; exit 3'")
    wanted = container("free").was_restarted(1) if options else container("free").exited_with(3)
    assert verify(wanted).points == 1
