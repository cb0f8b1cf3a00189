"""Runs a notebook in two processes, in step: the learner's cells in one kernel, opening and grade cells – taken from the
instructor's source – in another. A submission never sees the process that judges it; both see only the live lab.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager

from environment import labenv, paths

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
    """A whole run: the verdicts, and the errors of the submission's own cells (they are the learner's to make)."""

    verdicts: list[Verdict]
    errors: dict[str, str]

    @property
    def points(self) -> float:
        """Points reached in all."""
        return sum(verdict.points or 0 for verdict in self.verdicts)

    @property
    def maximum(self) -> float:
        """Points there are."""
        return sum(verdict.maximum for verdict in self.verdicts)


class _Kernel:
    """A Python kernel in the lab's environment."""

    def __init__(self, folder: Path, **extra: str) -> None:
        # Unix sockets in our own folder: over TCP, other users of the machine could read along.
        sockets = paths.runtime() / "kernels"
        sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sockets / f"{secrets.token_hex(6)}.json"
        self._manager = KernelManager(kernel_name="python3", transport="ipc", connection_file=str(connection))
        self._manager.start_kernel(env={**labenv.lab(), **extra}, cwd=str(folder))
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def execute(self, source: str, seconds: float) -> tuple[dict[str, Any], str]:
        """Run `source`; return the data of its result and, if it failed, `Name: message`."""
        data: dict[str, Any] = {}
        error = ""

        def hook(message: dict[str, Any]) -> None:
            nonlocal error
            if message["msg_type"] == "execute_result":
                data.update(message["content"]["data"])
            elif message["msg_type"] == "error":
                error = f"{message['content']['ename']}: {message['content']['evalue']}"

        try:
            self._client.execute_interactive(source, timeout=seconds, output_hook=hook, stop_on_error=False)
        except TimeoutError:
            self._manager.interrupt_kernel()
            error = f"TimeoutError: the cell did not end within {seconds:.0f} s"
        return data, error

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def role(cell: Cell) -> str:
    """`open`, `grade`, `solution`, `teach` or `text`."""
    if cell["cell_type"] != "code":
        return "text"
    marks = cell["metadata"].get("nbgrader", {})
    if marks.get("grade"):
        return "grade"
    if marks.get("solution"):
        return "solution"
    return "open" if marks.get("grade_id") == "open" else "teach"


def _judge(kernel: _Kernel, cell: Cell) -> Verdict:
    began = time.monotonic()
    verdict = Verdict(cell["id"], float(cell["metadata"]["nbgrader"]["points"]))
    data, verdict.error = kernel.execute(cell["source"], CELL_SECONDS)
    told = data.get(MIME)
    if told:
        verdict.points, verdict.rows = float(told["points"]), told["rows"]
        if told["maximum"] != verdict.maximum:
            verdict.error = f"the expectations add up to {told['maximum']}, the cell has {verdict.maximum} points"
    verdict.seconds = time.monotonic() - began
    return verdict


def execute(
    source: Path,
    replacements: Mapping[str, str] | None = None,
    *,
    roles: Iterable[str] = ("open", "solution", "teach", "grade"),
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Run the notebook at `source` with the solution cells replaced as given; the lesson is cleaned before and after.

    `roles` says which cells run: proofs of single exercises leave the teaching cells out, since exercises are independent.
    """
    wanted, changed = set(roles), dict(replacements or {})
    notebook = nbformat.read(source, as_version=4)
    outcome = Outcome([], {})
    folder = paths.BUILD / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        kernels = [_Kernel(folder), _Kernel(folder, COURSE_JUDGE="1")]
        for kernel in kernels:
            stack.callback(kernel.close)
        learner, judge = kernels
        opened = False
        for cell in notebook.cells:
            kind = role(cell)
            if kind not in wanted or cell["id"] == "clean-up":
                continue
            tell(cell["id"])
            if kind == "grade":
                outcome.verdicts.append(_judge(judge, cell))
                continue
            text = changed.get(cell["id"], cell["source"])
            if kind == "open" and (paths.state() / "lessons" / source.stem / "record.json").exists():
                judge.execute(f"{text}\nlesson.clean()", CELL_SECONDS)  # what an earlier run left
            for kernel in kernels if kind == "open" else [learner]:
                _, error = kernel.execute(text, CELL_SECONDS)
                if error:
                    outcome.errors[cell["id"]] = error
            if kind == "open":
                opened = True
                if cell["id"] in outcome.errors:
                    break
        if opened:
            _, error = judge.execute("lesson.clean()", CELL_SECONDS)
            if error:
                outcome.errors["clean"] = error
    return outcome
