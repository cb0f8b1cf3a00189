"""Where submissions are judged: labs of this machine, several at the same time, and the time that a submission has in them."""

import queue
from abc import ABC, abstractmethod
from pathlib import Path

from environment import console
from environment.errors import EnvironmentProblem
from environment.grading import clusters, disks, judge, lab, packages, proofs, skeleton
from environment.grading.executor import Cell
from helpers import on_cluster

#: A cell may take as long as the whole reference solution did, within these bounds; a submission has so long (seconds).
SHORTEST_CELL, LONGEST_CELL, SUBMISSION_SECONDS = 20.0, 60.0, 420.0


class Judges(ABC):
    """Where the submissions of one lesson are judged, and how long a cell and a submission may take (seconds)."""

    def __init__(self, lesson: str) -> None:
        self._lesson = lesson
        self.cell_seconds, self.seconds = LONGEST_CELL, SUBMISSION_SECONDS

    @abstractmethod
    def judge(self, cells: list[Cell]) -> judge.Judged:
        """Judge cells in a fresh lab; what goes wrong there is told as a problem, never raised."""

    def try_reference(self) -> None:
        """Judge the reference solution, and measure by it how long a cell may take.

        Raises EnvironmentProblem where it does not get all points: the fault is then the lab's, or ours, and no submission
        may be judged there.
        """
        source = skeleton.cells_of(proofs.notebook(self._lesson))
        with console.step(f"{self._lesson}: the reference solution, in a lab"):
            told = self.judge(skeleton.to_run(source, source, everything=False))
        lost = [row for row in told.verdicts if row["points"] != row["maximum"]]
        if told.problem or lost or not told.verdicts:
            why = (
                told.problem
                or f"it loses points at '{lost[0]['grade_id']}': {lost[0]['error'] or lost[0]['rows']}"[:400]
            )
            raise EnvironmentProblem(
                f"the reference solution of {self._lesson} does not get all points in a lab, so nobody was judged: {why}",
                "look for what is different about this machine; the engine's own log is with the lab's, in the logs folder.",
            )
        self.cell_seconds = min(LONGEST_CELL, max(SHORTEST_CELL, told.usage["seconds"]))


class Slots(Judges):
    """`jobs` labs: each has its own users, folders and disk, and a cluster where the lesson is on one."""

    def __init__(self, lesson: str, jobs: int, tree: Path) -> None:
        super().__init__(lesson)
        self._tree, self._limits = tree, lab.Limits()
        self._free: queue.Queue[int] = queue.Queue()
        course = proofs.course(lesson)
        wanted = course.get("packages")
        self._packages = packages.cache(wanted) if wanted else None
        clustered = course["needs"] == "cluster"
        held = {**course, "images": []} if clustered else course
        self._golden = [disks.golden(slot, lesson, held, tree, self._limits) for slot in range(jobs)]
        names = [(slot, course, on_cluster.namespace_of(lesson)) for slot in range(jobs if clustered else 0)]
        self._clusters = [clusters.Cluster(*one) for one in names]
        for slot in range(jobs):
            self._free.put(slot)

    def judge(self, cells: list[Cell]) -> judge.Judged:
        """Judge cells in a fresh lab."""
        slot = self._free.get()
        try:
            access = self._clusters[slot].admit() if self._clusters else None
            disk = disks.fresh(slot, self._golden[slot])
            try:
                with lab.Lab(slot, disk, self._tree, self._limits, self._packages) as where:
                    return judge.judge(
                        where, cells, cell_seconds=self.cell_seconds, seconds=self.seconds, access=access
                    )
            finally:
                disk.unlink(missing_ok=True)
        except EnvironmentProblem as error:
            return judge.Judged(problem=error.what)
        except Exception as error:  # one submission, or a fault of ours with it, never stops the others
            return judge.Judged(problem=f"its lab failed: {type(error).__name__}: {error}")
        finally:
            self._free.put(slot)
