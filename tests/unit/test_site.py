"""The reading site: made from an executed notebook, without solutions, without anything from elsewhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from environment import paths
from environment.grading import proofs
from environment.grading.executor import role
from environment.site import pages

LESSON = "2-03-containers"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The lesson as if it had been executed: each code cell has a picture as its output."""
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    notebook: dict[str, Any] = json.loads(proofs.notebook(LESSON).read_text())
    for number, cell in enumerate(cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
        data = {"image/png": PIXEL, "text/plain": f"twin {number}"}
        cell["execution_count"] = number + 1
        cell["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
    _write(notebook)
    return notebook


def _write(notebook: dict[str, Any]) -> None:
    place = paths.BUILD / "run" / LESSON
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{LESSON}.ipynb").write_text(json.dumps(notebook))


def test_only_what_was_executed_as_it_is_now_and_without_an_error_is_current(executed: dict[str, Any]) -> None:
    assert pages.is_current(LESSON)
    [*_, last] = [cell for cell in executed["cells"] if cell["cell_type"] == "code"]
    last["outputs"] = [{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}]
    _write(executed)
    assert not pages.is_current(LESSON)
    last["outputs"], executed["cells"][2]["source"] = [], "another text"
    _write(executed)
    assert not pages.is_current(LESSON)
    assert not pages.is_current("2-01-engine")


def test_pages_show_outputs_and_no_solution(executed: dict[str, Any]) -> None:
    solutions = ["".join(cell["source"]) for cell in executed["cells"] if role(cell) == "solution"]
    index = pages.write([LESSON])
    page = (index.parent / f"{LESSON}.html").read_text()
    text = re.sub(r"<[^>]+>", "", page)
    assert len(solutions) >= 5
    for solution in solutions:
        inner = solution.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0].strip().splitlines()
        assert max(inner, key=len) not in text, inner
    assert "twin 1" in page
    assert f'href="{LESSON}.html"' in index.read_text()


def test_pages_need_no_network_and_every_picture_has_words(executed: dict[str, Any]) -> None:
    pages.write([LESSON])
    page = (pages.target() / f"{LESSON}.html").read_text()
    assert re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//', page) == []
    assert "<script" not in page
    pictures = re.findall(r"<img[^>]*>", page)
    assert pictures
    for picture in pictures:
        assert re.search(r'alt="[^"]+"', picture), picture[:200]
        assert "data:image" in picture, picture[:200]
