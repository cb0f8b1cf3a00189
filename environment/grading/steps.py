"""Our two steps in nbgrader's autograde: a submission is put back on its skeleton, and verdicts taken elsewhere are filled in."""

import json
from typing import Any

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from environment.errors import EnvironmentProblem
from environment.grading import proofs, skeleton, verdicts
from environment.grading.executor import role
from helpers.checks.render import as_html


class Skeleton(NbGraderPreprocessor):  # type: ignore[misc]
    """Opening, checks and texts from the source; solutions and extra cells from the submission."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the notebook's cells."""
        source = skeleton.cells_of(proofs.notebook(resources["nbgrader"]["assignment"]))
        submitted, _ = skeleton.read(json.dumps(nb).encode())
        nb.cells = from_dict(skeleton.rebuild(source, submitted).cells)
        nb.nbformat, nb.nbformat_minor = 4, 5
        return nb, resources


class Verdicts(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's execution: what `grade` saw in the submission's lab."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Fill in outputs. Raises EnvironmentProblem when this submission has no verdict."""
        lesson, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        record = verdicts.load(lesson, student)
        if record is None or record.status != verdicts.JUDGED:
            raise EnvironmentProblem(
                f"there is no verdict on {student}'s {lesson}.",
                f"`python3 -m environment grade {lesson}` judges it in an isolated lab, then saves the mark.",
            )
        told = {verdict["grade_id"]: verdict for verdict in record.verdicts}
        for cell in nb.cells:
            if cell.cell_type != "code":
                continue
            cell.outputs = []
            if role(cell) == "grade":
                cell.outputs = [_verdict(told[cell.id])] if cell.id in told else [_verdict(_unjudged(cell))]
                continue
            if record.texts.get(cell.id):
                cell.outputs.append(new_output("stream", name="stdout", text=record.texts[cell.id]))
            if record.errors.get(cell.id):
                name, _, text = record.errors[cell.id].partition(": ")
                cell.outputs.append(new_output("error", ename=name, evalue=text, traceback=[record.errors[cell.id]]))
        return nb, resources


def _unjudged(cell: NotebookNode) -> dict[str, Any]:
    """The verdict on an exercise that the run did not reach: the submission's own doing, or there would be no verdicts."""
    return {"points": 0.0, "maximum": float(cell.metadata.nbgrader.points), "rows": []}


def _verdict(told: dict[str, Any]) -> NotebookNode:
    shown = {"why": "", "further": "", **told, "points": told["points"] or 0.0}
    return new_output(
        "execute_result",
        data={"text/plain": repr(float(shown["points"])), "text/html": as_html(shown)},
        execution_count=None,
    )
