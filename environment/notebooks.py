"""The enforced normal form of a lesson's source: no outputs or counts, slug cell ids (equal to grade_id where graded), the
kernel's name only, sorted keys, one-space indentation."""

import json
import re
from typing import Any

from environment.errors import EnvironmentProblem

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
#: What stands in a released solution cell; nbgrader's, and ours to know an unsolved one by.
STUB = "# YOUR CODE HERE"
_SLUG = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")


def _cell(cell: dict[str, Any], number: int) -> dict[str, Any]:
    marks = cell["metadata"].get("nbgrader", {})
    name = marks.get("grade_id") or cell.get("id", "")
    if not _SLUG.match(name):
        raise EnvironmentProblem(
            f"cell {number} has the id '{name}', which is no slug.", "give it a short name: words-with-dashes"
        )
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    metadata = {key: cell["metadata"][key] for key in ("nbgrader", "tags") if cell["metadata"].get(key)}
    made: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "id": name,
        "metadata": metadata,
        "source": source.strip("\n").splitlines(keepends=True),
    }
    if cell["cell_type"] == "code":
        made |= {"execution_count": None, "outputs": []}
    return made


def normalise(text: str) -> str:
    """A notebook's text in normal form. Raises EnvironmentProblem when a cell has no usable or a repeated id."""
    notebook = json.loads(text)
    cells = [_cell(cell, number) for number, cell in enumerate(notebook["cells"], 1)]
    names = [cell["id"] for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise EnvironmentProblem(f"two cells are called '{twice[0]}'.", "rename one")
    normal = {
        "cells": cells,
        "metadata": {"course": notebook["metadata"]["course"], "kernelspec": KERNEL},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(normal, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
