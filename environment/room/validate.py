"""nbgrader's Validate for lessons whose exercises live outside of the notebook: it asks the checks, and runs nothing else."""

from pathlib import Path
from typing import Any

from nbgrader.nbgraderformat import SchemaTooNewError, SchemaTooOldError
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, Execute
from nbgrader.preprocessors.base import NbGraderPreprocessor
from nbgrader.validator import Validator
from traitlets.config import Config

from environment import paths
from environment.grading.executor import MIME, role
from helpers.checks.render import as_text

_CELL_SECONDS = 90


class OnlyChecks(NbGraderPreprocessor):  # type: ignore[misc]
    """Leaves the opening cell, which attaches to what runs, and the grade cells."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook with just those."""
        nb.cells = [cell for cell in nb.cells if role(cell) in {"open", "grade"}]
        return nb, resources


class LiveValidator(Validator):  # type: ignore[misc]
    """nbgrader's validator, on the live state as it is; a failed check tells what it told the learner."""

    preprocessors = [CheckCellMetadata, ClearOutput, OnlyChecks, Execute]  # noqa: RUF012 - nbgrader's own form

    def _extract_error(self, cell: Any) -> str:
        told = next((out["data"][MIME] for out in cell.outputs if MIME in out.get("data", {})), None)
        return as_text(told) if told else str(super()._extract_error(cell))


def answer(notebook: Path) -> dict[str, Any]:
    """What nbgrader's button shows for this notebook: `success` and, as `value`, the checks that did not pass."""
    if not (paths.state() / "lessons" / notebook.stem / "record.json").exists():
        words = "This lesson is not open: run its first code cell, solve something, then validate."
        return {"success": False, "value": words}
    # Unix sockets, as for the learner's own kernels: over TCP, other users of the machine could read along.
    config = Config({"KernelManager": {"transport": "ipc"}, "Execute": {"timeout": _CELL_SECONDS}})
    try:
        return {"success": True, "value": LiveValidator(config=config).validate(str(notebook))}
    except (SchemaTooOldError, SchemaTooNewError) as error:
        return {"success": False, "value": str(error)}
