"""The measures of grading a whole class: what hostile submissions cost the others, and whether the last costs more than the first."""

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from environment import paths

_LESSON = "2-03-containers"
_JOBS = 2
_MANY, _FEW, _LARGE = 50, 10, 200
#: Attacks that take what time and room they can get.
_ATTACKS = ("endless-loop", "loop-that-ignores-interrupts", "fork-bomb", "memory-hog", "disk-filler")


def _attack(name: str) -> dict[str, object]:
    text = (paths.ROOT / "tests" / "attacks" / "cells" / f"{name}.py").read_text()
    return {"cell_type": "code", "id": "mine", "metadata": {}, "source": text}


def judge(hostile: Iterable[str], honest: int) -> tuple[float, float]:
    """Judge so many honest submissions and the hostile ones, mixed; wall-clock seconds, and CPU seconds a submission: of its lab,
    its judge, and this process with its children.

    Raises RuntimeError when an honest one does not get all points: then there is nothing to measure.
    """
    from environment.grading import batch, proofs, release, skeleton
    from environment.grading.slots import Slots

    source = skeleton.cells_of(proofs.notebook(_LESSON))
    submitted, _ = skeleton.read(proofs.notebook(_LESSON).read_bytes())
    place = next(number for number, cell in enumerate(submitted) if cell["id"] == "ex-site")
    bad = [[*submitted[:place], _attack(name), *submitted[place:]] for name in hostile]
    every = (honest + len(bad)) // max(1, len(bad))
    waiting = [submitted] * honest
    for number, cells in enumerate(bad):
        waiting.insert(number * every, cells)
    slots = Slots(_LESSON, min(_JOBS, len(waiting)), release.tree())
    if bad:  # what has no end is cut off by the reference's time
        slots.try_reference()
    began, before = time.monotonic(), sum(os.times()[:4])

    def one(cells: list[dict[str, object]]) -> float:
        record = batch.judge_one(_LESSON, skeleton.rebuild(source, cells), "", slots)
        reached = sum(verdict["points"] or 0 for verdict in record.verdicts)
        if cells is submitted and (record.problem or reached != sum(v["maximum"] for v in record.verdicts)):
            raise RuntimeError(f"an honest submission was not judged right: {record}")
        return record.usage.get("cpu_seconds", 0.0) + record.usage.get("judge_cpu_seconds", 0.0)

    with ThreadPoolExecutor(_JOBS) as pool:
        inside = sum(pool.map(one, waiting))
    return time.monotonic() - began, (inside + sum(os.times()[:4]) - before) / len(waiting)


def hostile_share() -> float:
    """Wall-clock time of a class with hostile submissions among it, by that of as many honest ones."""
    return judge(_ATTACKS, _MANY - len(_ATTACKS))[0] / judge([], _MANY)[0]


def late_share() -> float:
    """CPU time of a submission in a large class, by that in a small one."""
    return judge([], _LARGE)[1] / judge([], _FEW)[1]
