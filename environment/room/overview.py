"""Where the learner is: from the lessons in the workspace, the marks on record and the state of the lab. No engine is needed
to tell."""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from environment import builder, files, footprint, labenv
from environment.cluster import kind
from environment.engine import choice
from environment.roadmap import NEEDS, SECTIONS

_START = "`python3 -m environment start` goes on building it"


@dataclass(frozen=True)
class Lesson:
    """One lesson, as the start page shows it. `points` are those of checks that once passed, else of the last try."""

    name: str
    title: str
    minutes: int
    needs: str
    waits_for: str
    points: float
    maximum: float
    passed: int
    exercises: int
    gave_up: int
    begun: bool

    @property
    def number(self) -> str:
        """`2-03`."""
        return "-".join(self.name.split("-")[:2])

    @property
    def path(self) -> str:
        """The notebook, from the workspace."""
        return f"{self.name}/{self.name}.ipynb"

    @property
    def state(self) -> str:
        """In words."""
        if self.passed == self.exercises:
            return "done"
        return "begun" if self.begun else "not begun"


@dataclass(frozen=True)
class Section:
    """A section of the roadmap."""

    name: str
    lessons: list[Lesson]

    @property
    def points(self) -> float:
        """Points reached."""
        return sum(lesson.points for lesson in self.lessons)

    @property
    def maximum(self) -> float:
        """Points there are."""
        return sum(lesson.maximum for lesson in self.lessons)


@lru_cache(maxsize=64)
def _read(notebook: Path, _changed: int) -> tuple[dict[str, Any], dict[str, float]]:
    """A notebook's `course` metadata, and the points of its checks by cell id."""
    document = json.loads(notebook.read_text())
    marked = [(cell.get("id", ""), cell["metadata"].get("nbgrader") or {}) for cell in document["cells"]]
    checks = {name: float(found.get("points", 0)) for name, found in marked if found.get("grade")}
    return dict(document["metadata"]["course"]), checks


def _waits_for(course: dict[str, Any], lab: "Lab") -> str:
    """What the lesson still lacks; empty where it can be opened."""
    if course["needs"] == "host":
        return ""
    if not lab.engine:
        return "the engine is being made" if lab.working else f"no engine runs: {_START}"
    if lab.working:
        missing = [stage for stage in builder.stages_of(course) if stage not in lab.ready]
        return f"being made: {', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}" if missing else ""
    return f"Kubernetes is not built yet: {_START}" if course["needs"] == "cluster" and not kind.installed() else ""


@dataclass(frozen=True)
class Lab:
    """Whether the engine answers, whether the background work goes on, and how far it is."""

    engine: str
    working: bool
    ready: list[str]
    done: int
    total: int
    told: str

    @classmethod
    def now(cls) -> "Lab":
        """The lab as it is at this moment."""
        record, work = choice.current(), builder.read()
        answers = choice.reachable(record)
        return cls(
            choice.describe(record) if answers else "",
            builder.working(),
            list(work.get("ready", [])),
            int(work.get("done", 0)),
            int(work.get("total", 0)),
            builder.describe(work) if work else "nothing is being made",
        )


def _lesson(notebook: Path, kept: dict[str, Any], lab: Lab) -> Lesson:
    course, checks = _read(notebook, notebook.stat().st_mtime_ns)
    told = {name: kept.get(name, {}) for name in checks}
    passed = [name for name in checks if "passed" in told[name]]
    points = sum(checks[name] if name in passed else float(told[name].get("points", 0)) for name in checks)
    return Lesson(
        name=notebook.stem,
        title=course["title"],
        minutes=int(course.get("minutes", 0)),
        needs=NEEDS[course["needs"]],
        waits_for=_waits_for(course, lab),
        points=points,
        maximum=sum(checks.values()),
        passed=len(passed),
        exercises=len(checks),
        gave_up=sum("gave_up" in one for one in told.values()),
        begun=any(told.values()) or bool(kept),
    )


def sections(workspace: Path, progress: dict[str, Any], lab: Lab) -> list[Section]:
    """The roadmap's sections that have lessons in the workspace."""
    found = [path for path in sorted(workspace.glob("[1-9]*/*.ipynb")) if path.stem == path.parent.name]
    kept = progress.get("lessons", {})
    lessons = [_lesson(path, kept.get(path.stem, {}), lab) for path in found]
    grouped = [Section(name, [one for one in lessons if one.name[0] == digit]) for digit, name in SECTIONS.items()]
    return [section for section in grouped if section.lessons]


def where_next(groups: list[Section], progress: dict[str, Any]) -> Lesson | None:
    """The lesson opened last, unless it is done: then the next one that is not. None when all are."""
    lessons = [lesson for section in groups for lesson in section.lessons]
    last = (progress.get("last") or {}).get("lesson")
    at = next((number for number, lesson in enumerate(lessons) if lesson.name == last), 0)
    return next((lesson for lesson in [*lessons[at:], *lessons[:at]] if lesson.state != "done"), None)


def free_gb(workspace: Path) -> float:
    """Free disk space where the workspace is."""
    return files.free_bytes(workspace) / 1e9


@dataclass(frozen=True)
class Running:
    """Something of the course's that runs."""

    what: str
    state: str
    megabytes: float


def running() -> list[Running]:
    """What runs now: programs, cluster nodes, containers. Takes a moment: the engine is asked about each."""
    found = [Running(what, "running", size / 1e6) for what, size in footprint.of_processes().items()]
    if not choice.reachable(choice.current()):
        return [*found, Running("Docker Engine", "does not answer", 0)]
    os.environ.update(labenv.lab())
    from helpers import containers

    held = footprint.of_containers()
    nodes = {node: shape for shape in kind.SHAPES for node in kind.nodes(shape)}
    for box in containers.ps():
        what = f"cluster '{nodes[box.name]}', node {box.name}" if box.name in nodes else f"container {box.name}"
        found.append(Running(what, box.state, held.get(box.name, 0) / 1e6))
    return found
