"""What runs in the virtual machine: submissions, honest and hostile, in labs on cgroup v2. One JSON document a line tells of each.

The labs' disk was made on the host; all else – cgroups, namespaces, engine, kernels, judge – is this machine's.
"""

import json
import subprocess
from pathlib import Path

from environment import paths
from environment.grading import confined, judge, lab, release, skeleton, unsharing
from environment.grading.executor import Cell
from tests.attacks import test_attacks as attacks

MARK = "TOLD "
ATTACKS = ("memory-hog", "raise-limits", "kill-the-engine")
#: Emulation is slow.
START_SECONDS, CELL_SECONDS, SUBMISSION_SECONDS = 200.0, 150.0, 900.0


def tell(name: str, **what: object) -> None:
    """One line for the test outside."""
    print(MARK + json.dumps({"name": name, **what}), flush=True)


def _judged(cells: list[Cell], tree: Path) -> judge.Judged:
    golden = next((paths.data() / "labs").glob(f"golden-0-{attacks.LESSON}-*.ext4"))
    disk = Path("/dev/shm/slot.ext4")
    subprocess.run(["cp", "--sparse=always", str(golden), str(disk)], check=True)
    last = next(number for number, cell in enumerate(cells) if cell["id"] == f"{attacks.HONEST[-1]}-check")
    with lab.Lab(0, disk, tree) as where:
        return judge.judge(where, cells[: last + 1], cell_seconds=CELL_SECONDS, seconds=SUBMISSION_SECONDS)


def main() -> None:
    """Judge the honest part alone, then with each attack."""
    unsharing.START_SECONDS = START_SECONDS
    tell("machine", unified=confined.unified(), linux=Path("/proc/version").read_text()[:60])
    tree = release.tree()
    for name in ("", *ATTACKS):
        text = (Path(attacks.__file__).parent / "cells" / f"{name}.py").read_text() if name else "pass"
        rebuilt = skeleton.rebuild(attacks.SOURCE, attacks.with_attack(text)).cells
        told = _judged(skeleton.to_run(rebuilt, attacks.SOURCE, everything=False), tree)
        tell(
            name or "honest",
            points=told.points,
            problem=told.problem,
            usage=told.usage,
            said=json.dumps([told.texts, told.errors, told.remarks])[:20_000],
        )
    tell("end", left=[str(one) for one in Path("/sys/fs/cgroup").glob("*lab*")])


if __name__ == "__main__":
    main()
