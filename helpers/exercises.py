"""One exercise of an open lesson: its reference solution, and its live state as it was before the learner's first try.

What belongs to an exercise is read from its cells: the names, answers and files that its check asks about and no other one
does.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from environment import paths
from helpers import answers, marks
from helpers.checks.verdict import Report
from helpers.errors import CourseError

if TYPE_CHECKING:
    from helpers.lessons import Lesson

_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\s*### END SOLUTION", re.DOTALL)
_QUOTED = re.compile(r"""["']([^"'\s]+)["']""")
_ANSWER = re.compile(r"""\banswer\(\s*["']([a-z0-9-]+)["']""")


@dataclass(frozen=True)
class Solution:
    """The reference solution of an exercise, cell by cell; JupyterLab shows it as code."""

    exercise: str
    cells: list[str]

    def __str__(self) -> str:
        return "\n\n".join(self.cells)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        shown = [f"```{'bash' if cell.startswith('%%') else 'python'}\n{cell}\n```" for cell in self.cells]
        told = "One way to solve it – yours may be another; the check judges the effect."
        return "\n\n".join([f"**{self.exercise}**. {told}", *shown])


@dataclass(frozen=True)
class Exercise:
    """The cells of one exercise: its text, what the learner writes (by cell id), what judges it, what prepares it."""

    name: str
    text: str
    solutions: dict[str, str]
    check: str
    prepared_by: list[str]

    def names(self) -> set[str]:
        """What the check names in quotes: containers, networks, images, objects, files."""
        return set(_QUOTED.findall(self.check))


def of(lesson: str) -> dict[str, Exercise]:
    """The lesson's exercises by name, in order, as they are in the course's own copy of it."""
    return {found.name: found for found in _exercises(_cells(lesson))}


def check_names(lesson: str) -> dict[str, str]:
    """For each cell that the learner writes, by its id, the exercise it belongs to."""
    return {cell: one.name for one in of(lesson).values() for cell in one.solutions}


def _cells(lesson: str) -> list[dict[str, Any]]:
    for base in (paths.SOURCES, paths.WORKSPACE):
        source = base / lesson / f"{lesson}.ipynb"
        if source.exists():
            return list(json.loads(source.read_text())["cells"])
    raise CourseError(f"there is no lesson '{lesson}'.")


def _exercises(cells: list[dict[str, Any]]) -> Iterator[Exercise]:
    solutions: dict[str, str] = {}
    prepared: list[str] = []
    told = ""
    for cell in cells:
        marked, text = cell["metadata"].get("nbgrader") or {}, "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            told = text
        elif cell["id"].endswith("-prepare"):
            prepared.append(text)
        elif marked.get("grade"):
            yield Exercise(cell["id"].removesuffix("-check"), told, solutions, text, list(prepared))
            solutions = {}
        elif marked.get("solution"):
            solutions[cell["id"]] = text


def one(lesson: str, wanted: str | int) -> Exercise:
    """An exercise by its name, or by its number as the lesson tells it. Raises CourseError when there is none."""
    found = of(lesson)
    numbered = dict(enumerate(found, 1))
    name = numbered.get(int(wanted), "") if str(wanted).isdecimal() else str(wanted)
    if name not in found:
        known = ", ".join(f"{number} ({name})" for number, name in numbered.items())
        raise CourseError(f"this lesson has no exercise '{wanted}'.", f"one of: {known}")
    return found[name]


def solution(lesson: str, wanted: str | int, *, give_up: bool) -> Solution:
    """The reference solution; for who has passed, or gives up (which the start page tells)."""
    exercise = one(lesson, wanted)
    name = exercise.name
    cells = []
    for text in exercise.solutions.values():
        magic = text.partition("\n")[0] + "\n" if text.startswith("%%") else ""
        cells += [magic + found for found in _SOLUTION.findall(text)]
    if not cells:
        raise CourseError("this copy of the course has no solutions in it.", "ask whoever gave it to you.")
    if not marks.passed(lesson, f"{name}-check"):
        if not give_up:
            raise CourseError(
                f"the check of '{name}' has not passed yet.",
                f'its hints help further. To give up and see a solution: lesson.solution("{name}", give_up=True)',
            )
        marks.give_up(lesson, f"{name}-check")
    return Solution(name, cells)


def reset(lesson: "Lesson", wanted: str | int) -> tuple[str, list[str]]:
    """Take away what the exercise's check asks about, and prepare it again; returns the exercise's name, and those that went.

    Cells stay as they are. Only what no other exercise asks about goes, and only what this lesson made.
    """
    exercise = one(lesson.name, wanted)
    others = [other for other in of(lesson.name).values() if other.name != exercise.name]
    own = exercise.names() - set().union(*(other.names() for other in others))
    gone = _remove(lesson, own) + _forget(lesson, exercise, own)
    for text in exercise.prepared_by:
        if any(re.search(rf"\b{re.escape(mine)}\b", text) for mine in own):
            _run(lesson, text)
    return exercise.name, gone


def judge(lesson: "Lesson", name: str) -> Report:
    """The verdict of the exercise's check on what runs now."""
    return cast(Report, eval(one(lesson.name, name).check, _opened(lesson)))  # noqa: S307 - the course's own cell


def _run(lesson: "Lesson", text: str) -> None:
    """Run one of the lesson's own cells."""
    magic, _, script = text.partition("\n")
    if magic.startswith("%%bash"):
        lesson.bash(script)
    else:
        exec(text, _opened(lesson))  # noqa: S102 - the course's own cell


def _opened(lesson: "Lesson") -> dict[str, Any]:
    """The names that the lesson's opening cell makes: all that its other cells may use."""
    names: dict[str, Any] = {}
    opening = next("".join(cell["source"]) for cell in _cells(lesson.name) if cell["id"] == "open")
    exec(opening, names)  # noqa: S102 - the course's own cell
    return names


def _remove(lesson: "Lesson", own: set[str]) -> list[str]:
    """Remove the exercise's containers, networks … and Kubernetes objects; return their names."""
    if lesson.metadata["needs"] == "host":
        return []
    from helpers import owning

    ledger: dict[str, list[str]] = lesson.metadata.get("names", {})
    mine = {kind: [one for one in names if one in own] for kind, names in ledger.items() if kind != "cluster"}
    owning.remove({kind: names for kind, names in mine.items() if kind != "files"}, lesson.opened_at)
    gone = [name for kind, names in mine.items() if kind != "files" for name in names]
    if lesson.metadata["needs"] == "cluster":
        from helpers import kube, namespaces

        gone += namespaces.remove(kube.current_namespace(), own)
    return gone


def _forget(lesson: "Lesson", exercise: Exercise, own: set[str]) -> list[str]:
    """Remove the exercise's answers and files; return their names."""
    gone = []
    for key in _ANSWER.findall(exercise.check):
        answer = answers.place(lesson.folder, key)
        if answer.exists():
            answer.unlink()
            gone.append(f"answer {key}")
    for name in sorted(own):
        place = lesson.work / name
        if lesson.work in place.resolve().parents and place.exists():
            shutil.rmtree(place) if place.is_dir() else place.unlink()
            gone.append(name)
    return gone
