"""Attacks from within a lab that has a cluster beside it: the submission's own code looks for more than its account's way in."""

import json
from collections.abc import Iterator

import pytest

from environment.grading import clusters, proofs, release, skeleton
from environment.grading.executor import Cell
from environment.grading.slots import Slots
from tests.attacks import submissions

pytestmark = pytest.mark.usefixtures("engine")
LESSON = "4-02-pods"


@pytest.fixture(scope="module")
def slots() -> Iterator[Slots]:
    """One lab, with its cluster."""
    yield Slots(LESSON, 1, release.tree())
    clusters.end()


#: Attacks by code in the lab. It says LEAK where it got what it should not get.
IN_THE_LAB = {
    "reach out of the lab": """
import socket, subprocess
print("TRIED")
for host, port in [("1.1.1.1", 53), ("172.17.0.1", 22), ("10.96.0.1", 443), ("127.0.0.1", 10250), ("127.0.0.1", 22)]:
    try:
        socket.create_connection((host, port), timeout=1).close()
        print("LEAK", host)
    except OSError:
        pass
socket.create_connection(("127.0.0.1", 6443), timeout=3).close()
""",
    "lead the judge to a cluster of its own": """
import glob, os
print("TRIED")
for place in glob.glob("/lab/disk/state/containers-course/**/*kubeconfig*", recursive=True) + [os.environ["KUBECONFIG"]]:
    os.chmod(place, 0o600)
    open(place, "w").write("apiVersion: v1\\nkind: Config\\n")
""",
    "find the judge's way in": """
import os, subprocess
print("TRIED")
found = subprocess.run("grep -rlsE client-key-dat[a] /run /lab/disk /tmp /proc/*/environ 2> /dev/null", shell=True, capture_output=True, text=True).stdout
print("LEAK " + found if found.strip() else "")
""",
    "take the port of the way out": """
import socket
print("TRIED")
try:
    socket.create_server(("127.0.0.1", 6443)).close()
    print("LEAK")
except OSError:
    pass
""",
}


def _submitted(attack: str) -> list[Cell]:
    source = skeleton.cells_of(proofs.notebook(LESSON))
    cells = submissions.with_attack(submissions.submitted(source, {"hello"}), attack, "ex-hello")
    return skeleton.to_run(skeleton.rebuild(source, cells).cells, source, everything=False)


@pytest.mark.parametrize("name", IN_THE_LAB)
def test_an_attack_in_the_lab_gains_nothing(slots: Slots, name: str) -> None:
    outcome = slots.judge(_submitted(IN_THE_LAB[name]))
    told = json.dumps([outcome.texts, outcome.errors, outcome.problem])
    assert "TRIED" in told and "LEAK" not in told, told
    # What breaks its own kubeconfig loses what it could have had; nothing is gained by any.
    worth = 0.0 if name.startswith("lead") else 4.0
    assert (outcome.points, outcome.problem) == (worth, ""), told
