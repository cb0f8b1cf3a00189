"""Cells as they were released, and a copy of what the learner had in their place. The open notebook's file is never written:
JupyterLab, which has it open, puts the cells in."""

import json
import time
from pathlib import Path
from typing import Any

from environment import files, paths, workspace
from environment.errors import EnvironmentProblem

_BACKUPS = "backups"


def notebook_in(root: Path, path: str) -> Path:
    """The lesson's notebook at `path` in the workspace. Raises EnvironmentProblem when it is none of the course's."""
    place = (root / path).resolve()
    if place.parent.parent != root.resolve() or place.suffix != ".ipynb" or not _source(place).exists():
        raise EnvironmentProblem("this notebook is no lesson of the course.", "open one from the start page.")
    return place


def _source(notebook: Path) -> Path:
    lesson = notebook.parent.name
    return paths.SOURCES / lesson / f"{lesson}.ipynb"


def _keep(notebook: Path, name: str, text: str) -> str:
    """Write what the learner had to a file beside the lesson; return its place in the workspace."""
    target = notebook.parent / _BACKUPS / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}"
    target.parent.mkdir(exist_ok=True)
    files.write_atomically(target, text, mode=0o644)
    return f"{notebook.parent.name}/{_BACKUPS}/{target.name}"


def answer(root: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """What the browser asked for: `{path, cell, text}` – one cell, whose present text is kept – or `{path}`: all of them, and
    the saved notebook is kept. Returns `cells` and `kept`, the backup's place."""
    notebook = notebook_in(root, str(asked.get("path", "")))
    released = json.loads(workspace.released(_source(notebook)).read_text())["cells"]
    cells = [
        {
            "id": cell["id"],
            "cell_type": cell["cell_type"],
            "metadata": cell["metadata"],
            "source": "".join(cell["source"]),
        }
        for cell in released
    ]
    if "cell" not in asked:
        kept = _keep(notebook, notebook.name, notebook.read_text()) if notebook.exists() else ""
        return {"cells": cells, "kept": kept}
    wanted = [cell for cell in cells if cell["id"] == asked["cell"]]
    if not wanted:
        raise EnvironmentProblem(
            "this cell is your own: the lesson has none to put in its place.", "choose another one."
        )
    return {"cells": wanted, "kept": _keep(notebook, f"{asked['cell']}.txt", str(asked.get("text", "")))}
