"""A lab's judge sees as much as the learner's own: what a mistake loses in JupyterLab, it loses in an isolated lab."""

from collections.abc import Iterator

import pytest

from environment.grading import clusters, proofs, release, skeleton
from environment.grading.slots import Slots

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(autouse=True)
def no_cluster_is_left() -> Iterator[None]:
    yield
    clusters.end()


@pytest.mark.parametrize("lesson", ["2-01-engine", "3-01-push-pull-self-host", "4-02-pods"])
def test_every_mistake_loses_points_in_a_lab(lesson: str) -> None:
    source, judged = skeleton.cells_of(proofs.notebook(lesson)), proofs.check_of(lesson)
    slots, known = Slots(lesson, 1, release.tree()), proofs.load("mistakes", lesson)
    for number in range(max(map(len, known.values()))):
        carried = [row[number] for row in known.values() if number < len(row)]
        texts = {proof.solution_id: proof.source for proof in carried}
        cells = [{**cell, "source": texts.get(cell["id"], cell["source"])} for cell in source]
        told = slots.judge(skeleton.to_run(cells, source, everything=False))
        assert not told.problem
        verdicts = {verdict["grade_id"]: verdict for verdict in told.verdicts}
        for proof in carried:
            verdict = verdicts[judged[proof.solution_id]]
            said = [f"{row['wanted']} {row['seen']} {row['evidence']} {row['hint']}" for row in verdict["rows"]]
            assert verdict["points"] < verdict["maximum"], (proof.solution_id, proof.slug)
            assert proof.phrase in "\n".join(said), (proof.solution_id, proof.slug, said)
