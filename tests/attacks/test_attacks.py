"""Hostile submissions: each solves two exercises honestly and attacks. None may score more than that, leave the lab, or look out
of it. A cell of `cells/` says TRIED when it ran, and LEAK where it got something that it should not get."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from environment import paths
from environment.grading import inside, judge, lab, proofs, release, skeleton
from environment.grading.executor import Cell, role
from environment.grading.slots import Slots
from tests.attacks import submissions

pytestmark = pytest.mark.usefixtures("engine")
LESSON = "2-03-containers"
CELLS = sorted((Path(__file__).parent / "cells").glob("*.py"))
#: Solved honestly in every submission here, and what that is worth.
HONEST, WORTH = ("site", "greeter"), 6.0
SOURCE = skeleton.cells_of(proofs.notebook(LESSON))


def _submitted() -> list[Cell]:
    """A submission as a learner's file has it, the honest part solved."""
    return submissions.submitted(SOURCE, HONEST)


def with_attack(attack: str) -> list[Cell]:
    """A submission with the attack right above its first exercise."""
    return submissions.with_attack(_submitted(), attack, "ex-site")


def _edited(kind: str) -> list[Cell]:
    """A submission whose structure was tampered with."""
    full = 'from helpers.checks import verify\nclass R:\n    def __repr__(self): return "23.0"\nR()'
    cells = _submitted()
    checks = {cell["id"] for cell in SOURCE if role(cell) == "grade"}
    match kind:
        case "checks edited":
            return [{**cell, "source": full} if cell["id"] in checks else cell for cell in cells]
        case "checks deleted":
            return [cell for cell in cells if cell["id"] not in checks]
        case "checks doubled":
            return [
                copy
                for cell in cells
                for copy in ([{**cell, "source": full}, cell] if cell["id"] in checks else [cell])
            ]
        case "checks before the work":
            return sorted(cells, key=lambda cell: cell["id"] not in checks)
        case "solutions named like checks":
            return [*cells, *({"cell_type": "code", "id": name, "source": full} for name in checks)]
        case "opening replaced":
            return [{**cell, "source": full} if cell["id"] == "open" else cell for cell in cells]
        case "everything retyped":
            return [{**cell, "cell_type": "raw"} for cell in cells]
        case "ten thousand cells":
            return [*cells, *({"cell_type": "code", "id": f"x{n}", "source": "print(1)"} for n in range(10_000))]
    raise AssertionError(kind)


STRUCTURES = (
    "checks edited",
    "checks deleted",
    "checks doubled",
    "checks before the work",
    "solutions named like checks",
    "opening replaced",
    "everything retyped",
    "ten thousand cells",
)


def _traces() -> set[str]:
    """What a lab leaves on this machine while it lives: mounts, cgroups, folders, processes of its users."""
    mounts = {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if "-lab-" in line.split()[1]}
    groups = {str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{paths.NAME}-lab-*")}
    folders = {str(path) for path in Path("/run").glob(f"{paths.NAME}-lab-*")}
    processes = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            uid = entry.stat().st_uid
        except OSError:
            continue
        if uid >= judge.FIRST_ID:
            processes.add(str(entry))
    return mounts | groups | folders | processes


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[str, judge.Judged]]:
    """All attacks, each in a lab of its own, two at a time; limits are lower than in earnest, so that this ends soon."""
    assert _traces() == set()
    handed_in = {path.stem: with_attack(path.read_text()) for path in CELLS} | {
        name: _edited(name) for name in STRUCTURES
    }
    slots = Slots(LESSON, 2, release.tree())
    slots.cell_seconds, slots.seconds = 12.0, 60.0

    def one(cells: list[Cell]) -> judge.Judged:
        rebuilt = skeleton.rebuild(SOURCE, cells)
        return slots.judge(skeleton.to_run(rebuilt.cells, SOURCE, everything=False))

    with ThreadPoolExecutor(2) as pool:
        yield dict(zip(handed_in, pool.map(one, handed_in.values()), strict=True))


def _told(outcome: judge.Judged) -> str:
    return json.dumps([outcome.texts, outcome.errors, outcome.remarks, outcome.problem])


def test_the_honest_part_alone_has_its_worth() -> None:
    slots = Slots(LESSON, 1, release.tree())
    rebuilt = skeleton.rebuild(SOURCE, _submitted())
    told = slots.judge(skeleton.to_run(rebuilt.cells, SOURCE, everything=False))
    assert (told.points, told.problem) == (WORTH, "")


@pytest.mark.parametrize("name", [path.stem for path in CELLS])
def test_an_attack_gains_nothing(outcomes: dict[str, judge.Judged], name: str) -> None:
    outcome = outcomes[name]
    assert outcome.points <= WORTH, outcome.verdicts
    assert "LEAK" not in _told(outcome), _told(outcome)
    assert "TRIED" in _told(outcome) or outcome.errors or outcome.problem, "the attack did not run"


@pytest.mark.parametrize("name", STRUCTURES)
def test_tampering_with_cells_changes_no_mark(outcomes: dict[str, judge.Judged], name: str) -> None:
    assert (outcomes[name].points, outcomes[name].problem) == (WORTH, "")


#: What only hurts itself may cost the submission its marks; all other attacks leave the honest part its worth.
HARMFUL = {
    "exit-the-kernel",
    "kill-everything",
    "kill-the-engine",
    "a-fake-engine",
    "loop-that-ignores-interrupts",
    "fork-bomb",
    "write-to-the-graders-log",
    "memory-hog",
    "disk-filler",
    "print-a-gigabyte",
    "one-huge-message",
    "wreck-the-lesson-folder",
    "replace-the-lesson-folder",
    "patch-equality",
    "patch-ipython",
    "replace-clients",
    "a-busy-background",
    "containers-without-end",
}


@pytest.mark.parametrize("name", sorted({path.stem for path in CELLS} - HARMFUL))
def test_what_does_no_harm_leaves_the_honest_part_its_worth(outcomes: dict[str, judge.Judged], name: str) -> None:
    assert (outcomes[name].points, outcomes[name].problem) == (WORTH, ""), _told(outcomes[name])


@pytest.mark.parametrize("name", [path.stem for path in CELLS if "INSIDE" in path.read_text()])
def test_a_privileged_container_did_run(outcomes: dict[str, judge.Judged], name: str) -> None:
    """Else an attack from within one would have proved nothing."""
    assert "INSIDE" in _told(outcomes[name]), _told(outcomes[name])


def test_limits_hold_for_the_kernel_as_for_containers(outcomes: dict[str, judge.Judged]) -> None:
    """They were reached, so it was counted; and not passed. (A fork bomb may meet either limit first.)

    What must not fail – a page table of a process that is ending – the kernel charges above the limit: pages, no more.
    """
    limit = (lab.Limits().memory_mb << 20) / 1e6
    most = limit + 1
    hog, bomb = outcomes["memory-hog"].usage, outcomes["fork-bomb"].usage
    assert 0.9 * limit < hog["peak_mb"] <= most
    assert bomb["refused"] > 0 or 0.9 * limit < bomb["peak_mb"]
    assert bomb["peak_mb"] <= most


def test_there_is_no_mark_where_the_engine_was_killed(outcomes: dict[str, judge.Judged]) -> None:
    assert "engine" in outcomes["kill-the-engine"].problem


@pytest.mark.parametrize("name", ["fork-bomb", "loop-that-ignores-interrupts"])
def test_what_a_lost_kernel_left_running_keeps_no_check_from_its_answer(
    outcomes: dict[str, judge.Judged], name: str
) -> None:
    """It is ended at once, and the engine answers: there are verdicts, to the last exercise."""
    told = outcomes[name]
    assert told.lost, _told(told)
    assert told.problem == ""
    assert {verdict["grade_id"] for verdict in told.verdicts} == {
        cell["id"] for cell in SOURCE if role(cell) == "grade"
    }


def test_nothing_of_a_lab_is_left_on_this_machine(outcomes: dict[str, judge.Judged]) -> None:
    assert outcomes
    assert _traces() == set()


def test_a_lab_shows_nothing_that_root_alone_may_read(tmp_path: Path) -> None:
    """The only writable place that lab and machine share is the folder of its sockets."""
    targets = [line.split()[1] for line in inside.bind_lines(tmp_path).splitlines()]
    assert not [one for one in targets if one.startswith((str(paths.SOURCES), "/etc", str(Path.home() / ".ssh")))]
