"""An instructor's copy of the repository, what is done in it, and notebooks as learners hand them in."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from environment import labenv, paths
from environment.grading import executor, proofs
from environment.notebooks import STUB
from tests.attacks import submissions

LESSON = "2-03-containers"
#: Points for all of it, and for the exercises `site` and `greeter`.
FULL, WORTH = 23.0, 6.0
Notebook = dict[str, Any]


def copy(folder: Path) -> Path:
    """The repository with a `build/` of its own."""
    left_out = shutil.ignore_patterns("build", "workspace", ".git", "__pycache__", ".*_cache")
    return Path(shutil.copytree(paths.ROOT, folder / "course", ignore=left_out))


def environment(course: Path) -> dict[str, str]:
    """The variables for programs that work in the copy."""
    return {**labenv.lab(), "PYTHONPATH": str(course)}


def grade(course: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run `grade` to its end."""
    command = [sys.executable, "-m", "environment", "grade", *words]
    return subprocess.run(command, cwd=course, env=environment(course), capture_output=True, text=True)


def nbgrader(course: Path, *words: str) -> None:
    """Run nbgrader, which has to succeed."""
    command = [sys.executable, "-m", "nbgrader", *words]
    done = subprocess.run(command, cwd=course, env=environment(course), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def marks(course: Path) -> dict[str, float]:
    """The marks in the gradebook, by student."""
    nbgrader(course, "export")
    with (course / "build" / "grades.csv").open() as handle:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(handle) if row["assignment"] == LESSON}


def notebook(solved: tuple[str, ...] | None = None) -> Notebook:
    """A learner's notebook: with all exercises solved, or those named."""
    made: Notebook = json.loads(proofs.notebook(LESSON).read_text())
    for cell in made["cells"]:
        if executor.role(cell) == "solution" and solved is not None and cell["id"] not in solved:
            cell["source"] = STUB
    return made


def attacked(attack: str, solved: tuple[str, ...]) -> Notebook:
    """A notebook with an attack early among its cells."""
    made = notebook(solved)
    text = (Path(__file__).parents[1] / "attacks" / "cells" / f"{attack}.py").read_text()
    made["cells"] = submissions.with_attack(made["cells"], text, before=made["cells"][4]["id"])
    return made
