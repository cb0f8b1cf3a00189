"""Runs a notebook in two processes, in step: the learner's cells in one kernel, opening and grade cells – taken from the
instructor's source – in another. A submission never sees the process that judges it; both see only the live lab.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from environment import paths
from environment.grading import kernels
from environment.grading.kernels import Kernel

MIME = "application/vnd.containers-course.verdict+json"
CELL_SECONDS = 120
Cell = dict[str, Any]


@dataclass
class Verdict:
    """What became of one grade cell. `error` is set where there is no verdict (the lab could not be looked at)."""

    grade_id: str
    maximum: float
    points: float | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    why: str = ""
    further: str = ""
    error: str = ""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """All that a learner would read in it."""
        return (
            "\n".join(f"{row['wanted']} {row['seen']} {row['evidence']} {row['hint']}" for row in self.rows)
            + self.error
        )


@dataclass
class Outcome:
    """A whole run: the verdicts; what the submission's own cells printed, and their errors (the learner's to make)."""

    verdicts: list[Verdict]
    errors: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Points reached in all."""
        return sum(verdict.points or 0 for verdict in self.verdicts)

    @property
    def maximum(self) -> float:
        """Points there are."""
        return sum(verdict.maximum for verdict in self.verdicts)


def role(cell: Cell) -> str:
    """`open`, `grade`, `solution`, `prepare` (sets an exercise up: its id ends so), `teach` or `text`."""
    if cell["cell_type"] != "code":
        return "text"
    marks = cell["metadata"].get("nbgrader", {})
    if marks.get("grade"):
        return "grade"
    if marks.get("solution"):
        return "solution"
    if marks.get("grade_id") == "open":
        return "open"
    return "prepare" if cell["id"].endswith("-prepare") else "teach"


def _judge(kernel: Kernel, cell: Cell) -> Verdict:
    began = time.monotonic()
    verdict = Verdict(cell["id"], float(cell["metadata"]["nbgrader"]["points"]))
    ran = kernel.execute(cell["source"], CELL_SECONDS)
    verdict.error = ran.error
    told = ran.data.get(MIME)
    if told:
        verdict.points, verdict.rows = float(told["points"]), told["rows"]
        verdict.why, verdict.further = told["why"], told["further"]
        if told["maximum"] != verdict.maximum:
            verdict.error = f"the expectations add up to {told['maximum']}, the cell has {verdict.maximum} points"
    elif not ran.error:
        verdict.error = "the grade cell told no verdict"
    verdict.seconds = time.monotonic() - began
    return verdict


def conduct(
    cells: Iterable[Cell],
    learner: Kernel,
    judge: Kernel,
    *,
    seconds: float = CELL_SECONDS,
    tell: Callable[[Verdict], None] = lambda _: None,
) -> Outcome:
    """Run cells in step: grade cells in the judge's kernel, the opening cell in both, all others in the learner's.

    `seconds` is what a learner's cell may take; `tell` hears of each verdict as it falls.
    """
    outcome = Outcome([], {})
    for cell in cells:
        name = cell["id"]
        if role(cell) == "grade":
            verdict = _judge(judge, cell)
            outcome.verdicts.append(verdict)
            tell(verdict)
            continue
        opening = role(cell) == "open"
        for kernel in (learner, judge) if opening else (learner,):
            ran = kernel.execute(cell["source"], CELL_SECONDS if opening else seconds)
            if kernel is learner:
                outcome.texts[name] = ran.text
            if ran.error:
                outcome.errors[name] = ran.error
        if opening and name in outcome.errors:
            break
    return outcome


def execute(
    source: Path,
    replacements: Mapping[str, str] | None = None,
    *,
    roles: Iterable[str] = ("open", "prepare", "solution", "teach", "grade"),
) -> Outcome:
    """Run the notebook at `source` with the solution cells replaced as given; the lesson is cleaned before and after.

    `roles` says which cells run: proofs of single exercises leave the teaching cells out, since exercises are independent.
    """
    wanted, changed = set(roles), dict(replacements or {})
    cells = [cell for cell in nbformat.read(source, as_version=4).cells if role(cell) in wanted]
    cells = [{**cell, "source": changed.get(cell["id"], cell["source"])} for cell in cells if cell["id"] != "clean-up"]
    folder = paths.BUILD / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        learner, judge = kernels.local(folder), kernels.local(folder, COURSE_JUDGE="1")
        for kernel in (learner, judge):
            stack.callback(kernel.close)
        opening = next(cell["source"] for cell in cells if role(cell) == "open")
        if (paths.state() / "lessons" / source.stem / "record.json").exists():
            judge.execute(f"{opening}\nlesson.clean()", CELL_SECONDS)  # what an earlier run left
        outcome = conduct(cells, learner, judge)
        if "open" not in outcome.errors:
            ran = judge.execute("lesson.clean()", CELL_SECONDS)
            if ran.error:
                outcome.errors["clean"] = ran.error
    return outcome
