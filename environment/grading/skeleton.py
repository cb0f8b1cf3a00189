"""A submission, whatever it is, put back on its lesson's skeleton: opening, checks and texts are the instructor's, the
solutions and extra cells the learner's."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environment.grading.executor import Cell, role
from environment.notebooks import STUB

LARGEST_NOTEBOOK = 20 << 20
#: Of cells that the lesson does not know, this many are kept.
MOST_EXTRA = 200


@dataclass
class Rebuilt:
    """The cells to judge, in the lesson's order, and what a person should know about how they came about."""

    cells: list[Cell]
    remarks: list[str] = field(default_factory=list)


def cells_of(path: Path) -> list[Cell]:
    """A notebook's cells as the source has them."""
    return list(json.loads(path.read_text())["cells"])


def _text(cell: Cell) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(map(str, source))
    return source if isinstance(source, str) else ""


def read(content: bytes) -> tuple[list[Cell], str]:
    """The cells of a submitted file, reduced to what matters (type, name, text), and why there are none, if so."""
    if len(content) > LARGEST_NOTEBOOK:
        return (
            [],
            f"the file has {len(content) / 1e6:.0f} MB; a notebook of this course has less than {LARGEST_NOTEBOOK >> 20}",
        )
    try:
        document = json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        return [], f"the file is no notebook ({type(error).__name__})"
    listed = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return [], "the file is no notebook (it has no cells; an old format is not read)"
    found = []
    for cell in listed:
        if isinstance(cell, dict):
            metadata = cell.get("metadata")
            marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
            name = (marks.get("grade_id") if isinstance(marks, dict) else None) or cell.get("id")
            found.append({"cell_type": cell.get("cell_type"), "id": str(name), "source": _text(cell)})
    return found, "" if found else "the notebook is empty"


def _chosen(copies: list[Cell]) -> str:
    """Of a solution's copies, the first that somebody filled in."""
    return next((cell["source"] for cell in copies if cell["source"].strip() not in ("", STUB)), STUB)


def _extra(cell: Cell, number: int) -> Cell:
    """A cell of the learner's own. Text is shown as it was typed, as a block of code: no markup or link in it is alive."""
    kind = "code" if cell["cell_type"] == "code" else "markdown"
    text = cell["source"] if kind == "code" else "\n".join(f"    {line}" for line in cell["source"].splitlines())
    made: dict[str, Any] = {"cell_type": kind, "id": f"extra-{number}", "metadata": {}, "source": text}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def rebuild(source: list[Cell], submitted: list[Cell]) -> Rebuilt:
    """The submission on the skeleton of `source`. Solution cells are found by name, wherever they are and whatever type
    they have; missing ones count as unsolved; changed checks and texts are the instructor's again."""
    known = {cell["id"]: cell for cell in source}
    copies: dict[str, list[Cell]] = {}
    after: dict[str, list[Cell]] = {}
    last, extras = "", 0
    for cell in submitted:
        if cell["id"] in known:
            copies.setdefault(cell["id"], []).append(cell)
            last = cell["id"]
        elif cell["source"].strip() and extras < MOST_EXTRA:
            extras += 1
            after.setdefault(last, []).append(_extra(cell, extras))
    remarks = _remarks(source, copies, submitted)
    made = list(after.get("", []))
    for cell in source:
        text = _text(cell)
        given = copies.get(cell["id"], [])
        if role(cell) == "solution":
            text = _chosen(given)
        elif role(cell) in {"teach", "prepare"} and given:
            text = given[0]["source"]
        made.append({**cell, "source": text})
        made += after.get(cell["id"], [])
    opening = next(place for place, cell in enumerate(made) if role(cell) == "open")
    # What stood above the opening cell has to run below it: before it there is no lesson.
    early = [cell for cell in made[:opening] if cell["cell_type"] == "code"]
    rest = [cell for cell in made[:opening] if cell["cell_type"] != "code"]
    return Rebuilt([*rest, made[opening], *early, *made[opening + 1 :]], remarks)


def _remarks(source: list[Cell], copies: dict[str, list[Cell]], submitted: list[Cell]) -> list[str]:
    solutions = [cell["id"] for cell in source if role(cell) == "solution"]
    missing = [name for name in solutions if name not in copies]
    if submitted and len(missing) == len(solutions):
        return ["none of this lesson's exercises is in the notebook: is it another lesson's?"]
    told = [f"the cell '{name}' is missing: it counts as unsolved" for name in missing] if submitted else []
    told += [
        f"the cell '{name}' is there {len(copies[name])} times: the first that was filled in counts"
        for name in solutions
        if len(copies.get(name, [])) > 1
    ]
    checks = [cell for cell in source if role(cell) in {"grade", "open"}]
    changed = [
        cell["id"]
        for cell in checks
        if any(c["source"].strip() != _text(cell).strip() for c in copies.get(cell["id"], []))
    ]
    return [*told, *(f"the check '{name}' was changed: the instructor's was used" for name in changed)]


def to_run(rebuilt: list[Cell], source: list[Cell], *, everything: bool) -> list[Cell]:
    """The code cells to execute. Exercises are independent of the lesson's demonstrations, so – unless `everything` – those
    that the learner left as they were are skipped."""
    texts = {cell["id"]: _text(cell) for cell in source}

    def wanted(cell: Cell) -> bool:
        if cell["cell_type"] != "code" or cell["id"] == "clean-up":
            return False
        return everything or role(cell) != "teach" or texts.get(cell["id"], "").strip() != _text(cell).strip()

    return [{**cell, "source": _text(cell)} for cell in rebuilt if wanted(cell)]
