"""What runs in the virtual machine: submissions, honest and hostile, in labs on cgroup v2. One JSON document a line tells of each.

The labs' disk was made on the host; all else – cgroups, namespaces, engine, kernels, judge – is this machine's.
"""

import json
import subprocess
import sys
from pathlib import Path

from environment import paths
from environment.errors import EnvironmentProblem
from environment.grading import confined, judge, lab, pod, release, skeleton, unsharing
from environment.grading.executor import Cell
from tests.attacks import test_attacks as attacks

MARK = "TOLD "
ATTACKS = ("memory-hog", "raise-limits", "kill-the-engine")
#: The lesson's images, as the host has put them there for the pod.
IMAGES = paths.data() / "labs" / "images-for-a-pod.tar"
#: Emulation is slow.
START_SECONDS, CELL_SECONDS, SUBMISSION_SECONDS = 200.0, 150.0, 900.0


def tell(name: str, **what: object) -> None:
    """One line for the test outside."""
    print(MARK + json.dumps({"name": name, **what}), flush=True)


def _cells(attack: str) -> list[Cell]:
    """A submission with this attack, up to the last exercise that it solves."""
    rebuilt = skeleton.rebuild(attacks.SOURCE, attacks.with_attack(attack)).cells
    cells = skeleton.to_run(rebuilt, attacks.SOURCE, everything=False)
    last = next(number for number, cell in enumerate(cells) if cell["id"] == f"{attacks.HONEST[-1]}-check")
    return cells[: last + 1]


def _judged(cells: list[Cell], tree: Path) -> judge.Judged:
    golden = next((paths.data() / "labs").glob(f"golden-0-{attacks.LESSON}-*.ext4"))
    disk = Path("/dev/shm/slot.ext4")
    subprocess.run(["cp", "--sparse=always", str(golden), str(disk)], check=True)
    with lab.Lab(0, disk, tree) as where:
        return judge.judge(where, cells, cell_seconds=CELL_SECONDS, seconds=SUBMISSION_SECONDS)


def _in_a_pod(cells: list[Cell]) -> judge.Judged:
    """What the program of a grading Job's pod tells, started in a cgroup of its own, as containerd starts it."""
    submission = Path("/dev/shm/submission")
    submission.write_bytes(pod.pack({"cells": cells, "cell_seconds": CELL_SECONDS, "seconds": SUBMISSION_SECONDS}))
    group = "/sys/fs/cgroup/a-pod"
    program = f"sh environment/grading/job/pod.sh {sys.executable} -m tests.unified.in_a_pod {submission}"
    # As a kubelet does: its pods may set limits.
    given = "echo +cpu +memory +pids > /sys/fs/cgroup/cgroup.subtree_control"
    script = f"{given} && mkdir {group} && echo $$ > {group}/cgroup.procs && exec {program}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True)
    try:
        return pod.told_in(done.stdout)
    except EnvironmentProblem as error:
        return judge.Judged(problem=f"{error.what}; on stderr: {done.stderr[-2000:]}")


def main() -> None:
    """Judge the honest part alone, then with each attack."""
    unsharing.START_SECONDS = START_SECONDS
    tell("machine", unified=confined.unified(), linux=Path("/proc/version").read_text()[:60])
    tree = release.tree()
    for name in ("", *ATTACKS):
        text = (Path(attacks.__file__).parent / "cells" / f"{name}.py").read_text() if name else "pass"
        told = _judged(_cells(text), tree)
        tell(
            name or "honest",
            points=told.points,
            problem=told.problem,
            usage=told.usage,
            said=json.dumps([told.texts, told.errors, told.remarks])[:20_000],
        )
    told = _in_a_pod(_cells("pass"))
    tell("pod", points=told.points, problem=told.problem, usage=told.usage)
    tell("end", left=[str(one) for one in Path("/sys/fs/cgroup").glob("*lab*")])


if __name__ == "__main__":
    main()
