"""Submissions as a learner's file has them: some exercises solved honestly, and an attack among the cells."""

from collections.abc import Collection

from nbformat.v4 import new_code_cell

from environment.grading.executor import Cell, role
from environment.notebooks import STUB


def submitted(source: list[Cell], honest: Collection[str]) -> list[Cell]:
    """The lesson's cells with only the exercises of `honest` solved."""
    cells = []
    for cell in source:
        text = STUB if role(cell) == "solution" and cell["id"] not in honest else "".join(cell["source"])
        cells.append({"cell_type": cell["cell_type"], "id": cell["id"], "source": text})
    return cells


def with_attack(cells: list[Cell], attack: str, before: str) -> list[Cell]:
    """These cells with the attack right above the one with the id `before`: a whole cell, as nbgrader itself reads files."""
    place = next(number for number, cell in enumerate(cells) if cell["id"] == before)
    return [*cells[:place], new_code_cell(attack, id="mine"), *cells[place:]]
