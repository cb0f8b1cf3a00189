"""What the learner's checks have reached: kept in one file, which the course's start page reads.

Written by the kernels of the course's own JupyterLab, which names the file in COURSE_PROGRESS; other kernels – those of
grading, papermill, an editor – write nothing. For the learner's eyes only: nobody is graded by it.
"""

import os
import time
from pathlib import Path
from typing import Any

from environment import files
from helpers import notebook
from helpers.errors import CourseError

VARIABLE = "COURSE_PROGRESS"
#: Held while the file is read and written anew.
LOCK = "progress"
_following: dict[str, str] = {}


def _place() -> Path | None:
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else None


def read() -> dict[str, Any]:
    """Everything on record: `lessons` (lesson → check → points, maximum, when …) and `last`, the lesson opened last."""
    place = _place()
    found = files.read_json(place, {}) if place else {}
    return found if isinstance(found, dict) else {}


def _write(lesson: str, check: str, **what: Any) -> None:
    place = _place()
    if not place:
        return
    with files.lock(LOCK, wait=5):
        told = read()
        checks = told.setdefault("lessons", {}).setdefault(lesson, {})
        if check:
            checks[check] = {**checks.get(check, {}), **what}
        told["last"] = {"lesson": lesson, "when": time.time()}
        files.write_json(place, told)


def follow(lesson: str) -> None:
    """Keep what the checks run in this kernel reach. Nothing happens outside the course's JupyterLab."""
    shell = notebook.shell()
    if shell is None or not _place():
        return
    if not _following:
        shell.events.register("post_run_cell", _note)
    _following["lesson"] = lesson
    _write(lesson, "")


def _note(result: Any) -> None:
    """IPython calls this after each cell: a report is kept under the id of its cell."""
    from helpers.checks.verdict import Report

    report, check = result.result, getattr(result.info, "cell_id", None)
    if not isinstance(report, Report) or not check:
        return
    keep(_following["lesson"], check, report.points, report.maximum)


def keep(lesson: str, check: str, points: float, maximum: float) -> None:
    """Record what a check gave: the last time, how often it was asked, and when it first gave all points."""
    before = read().get("lessons", {}).get(lesson, {}).get(check, {})
    seen = {"points": points, "maximum": maximum, "when": time.time()}
    if points == maximum and "passed" not in before:
        seen["passed"] = seen["when"]
    _write(lesson, check, **seen, tries=before.get("tries", 0) + 1)


def passed(lesson: str, check: str) -> bool:
    """Whether this check has once given all points."""
    return "passed" in read().get("lessons", {}).get(lesson, {}).get(check, {})


def give_up(lesson: str, check: str) -> None:
    """Record that the learner asked for the solution first. Raises CourseError where nothing can be recorded."""
    if not _place():
        raise CourseError(
            "solutions are shown in the course's own JupyterLab, which records it.", "`python3 -m environment start`"
        )
    _write(lesson, check, gave_up=time.time())
