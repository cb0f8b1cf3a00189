"""What the roadmap asks for is claimed by a cell that does or shows it."""

import json
from pathlib import Path

from environment.grading import proofs

WANTED = {
    word
    for line in Path(__file__).with_name("syllabus.txt").read_text().splitlines()
    if not line.startswith("#")
    for word in line.split()
}


def _claimed() -> set[str]:
    tags = set()
    for lesson in proofs.lessons():
        for cell in json.loads(proofs.notebook(lesson).read_text())["cells"]:
            tags |= {
                tag.removeprefix("syllabus:") for tag in cell["metadata"].get("tags", []) if tag.startswith("syllabus:")
            }
    return tags


def test_every_id_is_claimed() -> None:
    missing = WANTED - _claimed()
    print("not covered:", ", ".join(sorted(missing)) or "nothing")
    assert not missing


def test_every_claim_is_an_id_of_the_syllabus() -> None:
    assert _claimed() <= WANTED
