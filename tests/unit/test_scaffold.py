"""The scaffold of a lesson: in normal form, with what every lesson has."""

import json
from pathlib import Path

import pytest

from environment import new_lesson, paths
from environment.errors import EnvironmentProblem
from environment.grading import dependencies, proofs
from environment.grading.executor import role
from environment.notebooks import normalise


@pytest.mark.parametrize("needs", ["engine", "cluster"])
def test_it_has_the_known_shape(needs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((paths, "ROOT"), (paths, "SOURCES"), (dependencies, "TESTS"), (proofs, "TESTS")):
        monkeypatch.setattr(module, name, tmp_path / ("" if name == "ROOT" else name.lower()))
    new_lesson.main("4-99-sample", title="A sample", needs=needs)
    text = proofs.notebook("4-99-sample").read_text()
    assert normalise(text) == text
    cells = json.loads(text)["cells"]
    assert [role(cell) for cell in cells if cell["cell_type"] == "code"] == [
        "open",
        "teach",
        "solution",
        "grade",
        "teach",
    ]
    assert cells[-1]["id"] == "clean-up"
    assert proofs._complete("4-99-sample") == []
    with pytest.raises(EnvironmentProblem, match="already"):
        new_lesson.main("4-99-sample", title="A sample", needs=needs)


def test_an_odd_name_is_refused() -> None:
    with pytest.raises(EnvironmentProblem, match="no name for a lesson"):
        new_lesson.main("volumes", title="Volumes", needs="engine")
