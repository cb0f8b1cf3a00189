"""Break/fix drills: one of a lesson's known mistakes is made on purpose; whoever finds and repairs it is told so by the
exercise's own check.

The faults are the lesson's proofs: of each it is proved that the check notices it, and what the check says.
"""

import contextlib
import io
import random
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from environment import paths
from helpers import exercises, marks
from helpers.checks.verdict import Report
from helpers.errors import CommandFailed, CourseError

if TYPE_CHECKING:
    from helpers.lessons import Lesson

_SHELL = "%%bash"


@dataclass(frozen=True)
class Fault:
    """A wrong state of one exercise, as a script that makes it."""

    exercise: str
    script: str


@dataclass(frozen=True)
class Drill:
    """A set-up that somebody broke. Its repr says what it should be; `check()` judges the repair."""

    lesson: "Lesson"
    exercise: str
    text: str
    seed: int

    def check(self) -> Report:
        """Judge what runs now, with the exercise's own check."""
        report = exercises.judge(self.lesson, self.exercise)
        marks.keep(self.lesson.name, f"drill-{self.exercise}", report.points, report.maximum)
        return report

    def __repr__(self) -> str:
        return f"<drill {self.seed}: somebody set up the exercise '{self.exercise}', and it does not do what it should>"

    def _repr_markdown_(self) -> str:
        told = "Somebody set up what the exercise asks for, and something is wrong with it. Find the fault and repair it – "
        told += "or start over from what it tells you. Then: `drill.check()`"
        quoted = "\n".join(f"> {line}" for line in self.text.splitlines())
        return f"**Drill {self.seed} · {self.exercise}.** {told}\n\n{quoted}"


def faults(lesson: str) -> list[Fault]:
    """The lesson's faults: mistakes that leave something to look at. None where this copy of the course has no proofs."""
    checked = exercises.check_names(lesson)
    found = []
    for path in sorted((paths.ROOT / "tests" / "mistakes" / lesson).glob("*.*")):
        script = _script(path)
        if script and path.name.partition(".")[0] in checked:
            found.append(Fault(checked[path.name.partition(".")[0]], script))
    return found


def _script(path: Path) -> str:
    """The mistake as a bash script; empty where it is none, or gives an answer, which is nothing to repair."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("# expect:")]
    does = [line for line in lines[1:] if line.strip() and not line.startswith("#")]
    return "\n".join(lines[1:]) if lines and lines[0].startswith(_SHELL) and does else ""


def begin(lesson: "Lesson", seed: int | None) -> Drill:
    """Make one of the lesson's mistakes: the same one for the same seed. What the learner had made for that exercise goes.

    Raises CourseError where there are none.
    """
    known = faults(lesson.name)
    if not known:
        raise CourseError(
            "this copy of the course has no drills: they nearly give solutions away.", "clone the course to have them."
        )
    number = secrets.randbelow(1000) if seed is None else seed
    chosen = random.Random(f"{lesson.name} {number}").choice(known)  # noqa: S311 - nothing to keep secret
    exercises.reset(lesson, chosen.exercise)
    # Its output would tell what was done, and some mistakes end in an error.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(CommandFailed):
        lesson.bash(chosen.script)
    return Drill(lesson, chosen.exercise, exercises.of(lesson.name)[chosen.exercise].text, number)
