"""Lessons at once in several kernels, and several users on one engine: nobody touches what another made."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from environment import labenv, paths
from environment.grading import executor, proofs
from helpers import containers, lessons
from helpers.errors import CourseError

pytestmark = pytest.mark.usefixtures("engine")
LESSON, ANOTHER = "2-03-containers", "2-05-networking"


def _as_somebody_else(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Python code as a second user of the same engine sees it: another home for the course's state."""
    env = {**labenv.lab(), "XDG_STATE_HOME": str(folder)}
    (folder / paths.NAME).mkdir(parents=True, exist_ok=True)
    (folder / paths.NAME / "engine.json").write_bytes((paths.state() / "engine.json").read_bytes())
    words = [sys.executable, "-c", f"from helpers import containers, lessons\n{code}"]
    return subprocess.run(words, cwd=paths.ROOT, env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture
def lesson() -> Iterator[lessons.Lesson]:
    """The containers lesson, opened and cleaned afterwards."""
    opened = lessons.open(LESSON)
    yield opened
    opened.clean()


def test_two_lessons_in_two_kernels_at_once_both_get_all_points() -> None:
    with ThreadPoolExecutor(2) as pool:
        ran = list(pool.map(lambda name: executor.execute(proofs.notebook(name)), (LESSON, ANOTHER)))
    for name, outcome in zip((LESSON, ANOTHER), ran, strict=True):
        assert not outcome.errors, (name, outcome.errors)
        assert outcome.points == outcome.maximum, (name, [one.text for one in outcome.verdicts])


def test_the_same_lesson_is_refused_to_a_second_user_who_is_told_by_whom(
    lesson: lessons.Lesson, tmp_path: Path
) -> None:
    # Before the first user has made anything, too: the names alone would not tell.
    done = _as_somebody_else(tmp_path, f'lessons.open("{LESSON}")')
    assert done.returncode
    assert "has this lesson open on the same Docker Engine" in done.stderr
    assert str(lesson.folder) in done.stderr
    assert not (tmp_path / paths.NAME / "lessons" / LESSON / "record.json").exists()


def test_a_second_users_lesson_leaves_the_firsts_alone(lesson: lessons.Lesson, tmp_path: Path) -> None:
    with containers.run("busybox:1.37", ["sleep", "60"], name="site") as mine:
        code = f'one = lessons.open("{ANOTHER}"); containers.run("busybox:1.37", "sleep 60", name="web"); one.clean()'
        done = _as_somebody_else(tmp_path, code)
        assert done.returncode == 0, done.stderr
        assert mine.state == "running"
        assert lesson.folder.exists()


def test_a_claim_goes_with_the_lesson_and_a_dead_one_is_taken_over(tmp_path: Path) -> None:
    lessons.open(LESSON).clean()
    assert _as_somebody_else(tmp_path, f'lessons.open("{LESSON}")').returncode == 0
    with pytest.raises(CourseError, match="has this lesson open"):
        lessons.open(LESSON)
    tmp_path.rename(tmp_path.with_name("moved-away"))  # their state is gone, their claim is not
    lessons.open(LESSON).clean()
