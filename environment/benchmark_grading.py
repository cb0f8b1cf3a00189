"""The measures of grading: what judging a submission costs, how fast verdicts become marks, how often a check is wrong."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from environment import benchmark_class, paths

_LESSON = "2-03-containers"
#: So many submissions are saved in one pass.
_CLASS = 100
#: So often is each of two states looked at, on an idle machine and on a busy one.
_REPETITIONS = 750


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """A `build/` that is thrown away."""
    kept = paths.BUILD
    with tempfile.TemporaryDirectory() as folder:
        paths.BUILD = Path(folder)
        try:
            yield
        finally:
            paths.BUILD = kept


def _save() -> float:
    """Seconds until the verdicts on a class are marks in the gradebook."""
    from environment.grading import batch, gradebook, proofs, verdicts

    notebook = proofs.notebook(_LESSON)
    cells = json.loads(notebook.read_text())["cells"]
    checks = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    told: list[dict[str, Any]] = [
        {"grade_id": marks["grade_id"], "points": 1.0, "maximum": float(marks["points"]), "rows": [], "error": ""}
        for marks in checks
        if marks.get("grade")
    ]
    with _elsewhere():
        gradebook.release(_LESSON)
        names = [f"learner-{number}" for number in range(_CLASS)]
        for name in names:
            place = gradebook.submitted() / name / _LESSON
            place.mkdir(parents=True)
            (place / notebook.name).write_bytes(notebook.read_bytes())
            _, content = batch.prepare(_LESSON, name, "")
            verdicts.store(_LESSON, name, verdicts.Record(content, verdicts.JUDGED, told))
        began = time.monotonic()
        batch.save(_LESSON, names)
        return time.monotonic() - began


def _count_false(look: Callable[[], Any], points: float) -> int:
    with contextlib.redirect_stdout(io.StringIO()):
        return sum(look().points != points for _ in range(_REPETITIONS))


def _false_verdicts() -> float:
    """How many of 3,000 verdicts are wrong: a right and a wrong state, half of them beside a process a core that burns time."""
    from helpers import containers
    from helpers.checks import container, http, verify

    with (
        containers.run("nginx:1.26", name="bench-right", ports={0: 80}) as box,
        containers.run("busybox:1.37", ["false"], name="bench-wrong"),
    ):
        port = box.port(80)

        def right() -> Any:
            here = container("bench-right")
            return verify(here.is_running(), here.uses_image("nginx:1.26"), http(port).answers(200, containing="nginx"))

        def wrong() -> Any:
            there = container("bench-wrong")
            return verify(there.is_running(), there.uses_image("nginx:1.26"), http(port, "/no-such-page").answers(200))

        right()
        found = _count_false(right, 3) + _count_false(wrong, 0)
        burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
        try:
            return found + _count_false(right, 3) + _count_false(wrong, 0)
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()


#: name → what is measured, target, repetitions, the measurement, its unit
MEASURES: dict[str, tuple[str, float, int, Callable[[], float], str]] = {
    "grade": ("grading: CPU for one submission in its lab", 20.0, 5, lambda: benchmark_class.judge([], 1)[1], "CPU s"),
    "marks": (f"saving {_CLASS} verdicts in the gradebook (400 a minute)", 15.0, 3, _save, "s"),
    "hostile": ("a class of 50 with 5 hostile, by 50 honest ones", 1.2, 1, benchmark_class.hostile_share, "×"),
    "large": ("CPU for a submission among 200, by one among 10", 1.1, 1, benchmark_class.late_share, "×"),
    "false": (f"false verdicts of {4 * _REPETITIONS}, idle and busy", 0.0, 1, _false_verdicts, "verdicts"),
}
