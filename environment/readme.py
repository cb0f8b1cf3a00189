"""Derives the README's table of lessons from the lessons' metadata."""

import json
import re
from pathlib import Path

from environment import paths
from environment.grading import proofs
from environment.grading.executor import role
from environment.roadmap import NEEDS


def _row(lesson: str) -> str:
    notebook = json.loads(proofs.notebook(lesson).read_text())
    course = notebook["metadata"]["course"]
    exercises = sum(role(cell) == "grade" for cell in notebook["cells"])
    link = f"[{lesson}](notebooks/{lesson}/{lesson}.ipynb)"
    return f"| {link} – {course['title']} | {NEEDS[course['needs']]} | {exercises} | {course['minutes']} |"


def path() -> Path:
    """The README."""
    return paths.ROOT / "README.md"


def derived() -> str:
    """The README's text with the table as it should be."""
    head = ["| lesson | needs | exercises | minutes |", "|---|---|---|---|"]
    rows = "\n".join([*head, *(_row(lesson) for lesson in proofs.lessons())])
    return re.sub(r"(<!-- lessons -->\n).*?(<!-- /lessons -->)", rf"\1{rows}\n\2", path().read_text(), flags=re.DOTALL)
