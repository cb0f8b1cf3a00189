"""`run`: executes lessons by papermill in a copy under build/, and fails on an error and on points below the maximum."""

import json
import shutil
from pathlib import Path
from typing import Any

from environment import console, labenv, paths
from environment.errors import EnvironmentProblem
from environment.grading import proofs
from environment.grading.executor import MIME, role


def _points(notebook: Path) -> list[str]:
    """What the grade cells of an executed notebook fell short of."""
    short = []
    for cell in json.loads(notebook.read_text())["cells"]:
        if role(cell) != "grade":
            continue
        told: dict[str, Any] = next((o["data"][MIME] for o in cell["outputs"] if MIME in o.get("data", {})), {})
        maximum = cell["metadata"]["nbgrader"]["points"]
        if told.get("points") != maximum:
            wrong = [f"{row['wanted']}: {row['seen']}" for row in told.get("rows", []) if not row["ok"]]
            short.append(f"{cell['id']}: {told.get('points')} of {maximum}: {'; '.join(wrong)}")
    return short


def executed(lesson: str) -> Path:
    """Where the executed notebook is, once it was run."""
    return paths.BUILD / "run" / lesson / f"{lesson}.ipynb"


def _execute(lesson: str) -> list[str]:
    import os

    import papermill
    from jupyter_client.manager import AsyncKernelManager

    class SocketKernelManager(AsyncKernelManager):  # type: ignore[misc]
        """Talks to its kernel over Unix sockets: over TCP, other users of the machine could read along."""

        transport = "ipc"

    target = executed(lesson)
    folder = target.parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ.update(labenv.lab())
    try:
        papermill.execute_notebook(
            str(proofs.notebook(lesson)),
            str(target),
            kernel_name="python3",
            cwd=str(folder),
            progress_bar=False,
            execution_timeout=300,
            kernel_manager_class=SocketKernelManager,
        )
    except papermill.PapermillExecutionError as error:
        _clean(lesson)
        return [f"{lesson}: cell {error.cell_index} failed: {error.ename}: {error.evalue}"]
    return [f"{lesson}: {row}" for row in _points(target)]


def _clean(lesson: str) -> None:
    """Take away what a lesson left that did not come to its last cell: the next run would find it."""
    from helpers import lessons
    from helpers.errors import CourseError

    if (paths.state() / "lessons" / lesson / "record.json").exists():
        try:
            lessons.open(lesson).clean()
        except CourseError as error:
            console.say(f"✗ {lesson} was not cleaned: {error.what}")


def main(names: list[str]) -> int:
    """Run the named lessons, or all. Raises EnvironmentProblem with everything that fell short."""
    problems: list[str] = []
    for lesson in proofs.named(names):
        with console.step(f"papermill: {lesson}") as told:
            found = _execute(lesson)
            told.note = "all points" if not found else f"{len(found)} problems"
        problems += found
    if problems:
        raise EnvironmentProblem("lessons fell short:\n    " + "\n    ".join(problems), "look at build/run/")
    console.say(f"✓ executed notebooks are in {paths.BUILD / 'run'}")
    return 0
