"""Builds in a lab install packages from the cache; one that is not there means no mark, not a wrong one."""

from pathlib import Path

import pytest

from environment.grading import packages, proofs, release, skeleton
from environment.grading.executor import Cell
from environment.grading.slots import Slots

LESSON = "2-08-best-practices"


@pytest.fixture(scope="module")
def slots(engine: None) -> Slots:
    """One lab at a time for the lesson."""
    return Slots(LESSON, 1, release.tree())


def _cells(asked: str) -> list[Cell]:
    """The opening cell and one exercise, whose solution installs `asked` instead of the reference's version."""
    source = skeleton.cells_of(proofs.notebook(LESSON))
    chosen = [cell for cell in source if cell["id"] in {"open", "safe", "safe-check"}]
    return [{**cell, "source": "".join(cell["source"]).replace("httplib2==0.22.0", asked)} for cell in chosen]


def test_a_build_installs_what_the_cache_has(slots: Slots) -> None:
    told = slots.judge(_cells("httplib2==0.22.0"))
    assert (told.problem, told.errors) == ("", {})
    assert told.points == told.verdicts[0]["maximum"]


def test_what_the_cache_lacks_leaves_the_exercise_unjudged(slots: Slots) -> None:
    told = slots.judge(_cells("httplib2==0.20.4"))
    assert "packages that the cache does not have: 'httplib2-0.20.4" in told.problem


def test_an_index_lists_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "Some_Thing-1.0-py3-none-any.whl").write_bytes(b"x")
    packages.write_index(tmp_path, {"some-thing": ["2.0", "1.0"]})
    page = (tmp_path / "simple" / "some-thing" / "index.html").read_text()
    assert page.count("<a ") == 2
    assert "Some_Thing-1.0-py3-none-any.whl#sha256=" in page
    assert "Some_Thing-2.0-py3-none-any.whl" in page
