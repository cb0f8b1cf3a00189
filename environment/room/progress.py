"""The learner's marks from another machine: a file that anybody may have written, merged into what `helpers.marks` keeps."""

import json
import math
import os
from pathlib import Path
from typing import Any

from environment import files
from environment.errors import EnvironmentProblem
from helpers import marks

#: A file of marks is small: larger ones are something else.
_LARGEST = 1_000_000
_NUMBERS = ("points", "maximum", "when", "passed", "gave_up", "tries")


def _clean(told: Any) -> dict[str, dict[str, dict[str, float]]]:
    """Marks from a file that anybody may have written: lessons, checks and numbers, nothing else."""
    if not isinstance(told, dict) or not isinstance(told.get("lessons"), dict):
        raise EnvironmentProblem("this file has no marks of this course in it.", "take the one that 'Save' made.")
    return {
        str(lesson): {
            str(check): {name: float(row[name]) for name in _NUMBERS if _is_number(row.get(name))}
            for check, row in checks.items()
            if isinstance(row, dict)
        }
        for lesson, checks in told["lessons"].items()
        if isinstance(checks, dict)
    }


def _is_number(value: Any) -> bool:
    """JSON as Python reads it knows NaN and Infinity, which would spoil every sum."""
    return isinstance(value, int | float) and math.isfinite(value)


def take_over(content: bytes) -> str:
    """Merge marks from another machine's file into ours: for each check the better one stays. Returns what was done, in words.

    Raises EnvironmentProblem when it is no such file.
    """
    if len(content) > _LARGEST:
        raise EnvironmentProblem("this file is too large to be one of marks.", "take the one that 'Save' made.")
    try:
        theirs = _clean(json.loads(content))
    except ValueError:
        raise EnvironmentProblem("this file is not JSON.", "take the one that 'Save' made.") from None
    with files.lock(marks.LOCK, wait=5):
        told = marks.read()
        taken = 0
        for lesson, checks in theirs.items():
            mine = told.setdefault("lessons", {}).setdefault(lesson, {})
            for check, row in checks.items():
                if _worth(row) > _worth(mine.get(check, {})):
                    mine[check] = {**mine.get(check, {}), **row}
                    taken += 1
        files.write_json(Path(os.environ[marks.VARIABLE]), told)
    return f"{taken} marks were taken over; where yours were as good, they stayed."


def _worth(row: dict[str, Any]) -> tuple[bool, float]:
    return "passed" in row, float(row.get("points", -1))
