"""A lab's judge sees as much as the learner's own: what a mistake loses in JupyterLab, it loses in an isolated lab; and what is
right there is right here."""

from collections.abc import Iterator
from typing import Any

import pytest

from environment.grading import clusters, proofs, release, skeleton
from environment.grading.slots import Slots

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(autouse=True)
def no_cluster_is_left() -> Iterator[None]:
    yield
    clusters.end()


def _judged(kind: str, lesson: str) -> Iterator[tuple[proofs.Proof, dict[str, Any]]]:
    """Each of the lesson's proofs of that kind, with the verdict that it gets in a lab: the k-th run carries every k-th proof."""
    source, judged = skeleton.cells_of(proofs.notebook(lesson)), proofs.check_of(lesson)
    slots, known = Slots(lesson, 1, release.tree()), proofs.load(kind, lesson)
    for number in range(max(map(len, known.values()))):
        carried = [row[number] for row in known.values() if number < len(row)]
        texts = {proof.solution_id: proof.source for proof in carried}
        cells = [{**cell, "source": texts.get(cell["id"], cell["source"])} for cell in source]
        told = slots.judge(skeleton.to_run(cells, source, everything=False))
        assert not told.problem
        verdicts = {verdict["grade_id"]: verdict for verdict in told.verdicts}
        yield from ((proof, verdicts[judged[proof.solution_id]]) for proof in carried)


@pytest.mark.parametrize("lesson", ["2-01-engine", "3-01-push-pull-self-host", "4-02-pods"])
def test_every_mistake_loses_points_in_a_lab(lesson: str) -> None:
    for proof, verdict in _judged("mistakes", lesson):
        said = [f"{row['wanted']} {row['seen']} {row['evidence']} {row['hint']}" for row in verdict["rows"]]
        assert verdict["points"] < verdict["maximum"], (proof.solution_id, proof.slug)
        assert proof.phrase in "\n".join(said), (proof.solution_id, proof.slug, said)


@pytest.mark.parametrize("lesson", ["4-02-pods", "5-09-istio"])
def test_every_other_right_way_keeps_its_points_in_a_lab(lesson: str) -> None:
    """A lab forbids what JupyterLab allows: no right way may need it."""
    for proof, verdict in _judged("alternatives", lesson):
        assert verdict["points"] == verdict["maximum"], (proof.solution_id, proof.slug, verdict["rows"])
