"""Isolated labs on cgroup v2, on a machine that has v1: in a virtual one. (Where there is v2, all other tests of grading show it.)"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from environment.grading import lab, proofs, release
from environment.grading.slots import Slots
from environment.images import supply
from tests.attacks.test_attacks import LESSON, WORTH
from tests.unified import job, machine

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the machine told, by name."""
    Slots(LESSON, 1, release.tree())  # makes the disk
    supply.docker("save", "--output", str(job.IMAGES), *(supply.ensure(one) for one in proofs.course(LESSON)["images"]))
    try:
        shown = machine.run(tmp_path_factory.mktemp("machine"), sys.executable, 3000)
    finally:
        job.IMAGES.unlink()
    lines = [line.partition(job.MARK)[2] for line in shown.splitlines() if job.MARK in line]
    assert lines, shown[-3000:]
    return {row["name"]: row for row in map(json.loads, lines)}


def test_it_has_cgroup_v2(told: dict[str, dict[str, Any]]) -> None:
    assert told["machine"]["unified"]


def test_an_honest_submission_gets_its_points(told: dict[str, dict[str, Any]]) -> None:
    assert (told["honest"]["points"], told["honest"]["problem"]) == (WORTH, "")
    assert told["honest"]["usage"]["cpu_seconds"] > 0


def test_a_pod_of_a_job_judges_as_well(told: dict[str, dict[str, Any]]) -> None:
    """It has no say over the machine's cgroups, only over its own: and is in there itself."""
    assert (told["pod"]["points"], told["pod"]["problem"]) == (WORTH, "")


@pytest.mark.parametrize("name", job.ATTACKS)
def test_an_attack_gains_nothing(told: dict[str, dict[str, Any]], name: str) -> None:
    assert told[name]["points"] <= WORTH
    assert "LEAK" not in told[name]["said"], told[name]


def test_limits_hold(told: dict[str, dict[str, Any]]) -> None:
    limit = (lab.Limits().memory_mb << 20) / 1e6
    assert 0.9 * limit < told["memory-hog"]["usage"]["peak_mb"] <= limit + 1


def test_there_is_no_mark_where_the_engine_was_killed(told: dict[str, dict[str, Any]]) -> None:
    assert "engine" in told["kill-the-engine"]["problem"]


def test_nothing_of_the_labs_is_left(told: dict[str, dict[str, Any]]) -> None:
    assert told["end"]["left"] == []


def test_the_machine_left_nothing_here(told: dict[str, dict[str, Any]]) -> None:
    """Its layer is memory: this machine's files are what they were."""
    assert told and not Path("/dev/shm/slot.ext4").exists()
