"""Verdicts on disk: one JSON file a submission, written whole or not at all. A batch that was killed goes on from them."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from environment import files, paths

#: What became of a submission: it has marks; it could not be judged and is to be judged again; it is for a person to grade.
JUDGED, CANNOT_TELL, BY_HAND = "judged", "could not tell", "to be graded by hand"


@dataclass
class Record:
    """All that is known of one submission. `content` names what was judged, by what."""

    content: str
    status: str
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    problem: str = ""
    usage: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    saved: float | None = None

    @property
    def points(self) -> float:
        """Points reached."""
        return float(sum(verdict["points"] or 0 for verdict in self.verdicts))


def folder(lesson: str) -> Path:
    """Where a lesson's verdicts are."""
    return paths.BUILD / "verdicts" / lesson


def load(lesson: str, student: str) -> Record | None:
    """The record of a student's submission, None where there is none."""
    found = files.read_json(folder(lesson) / f"{student}.json")
    return Record(**found) if found else None


def store(lesson: str, student: str, record: Record) -> None:
    """Write the record."""
    files.write_json(folder(lesson) / f"{student}.json", asdict(record))
