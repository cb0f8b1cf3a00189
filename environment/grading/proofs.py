"""Proves that every check is fair: the reference solution gets all points, doing nothing gets none, each known mistake
loses points and is told what is wrong, each alternative gets all points.

Run k of a lesson carries the k-th mistake (or alternative) of every exercise, so a handful of runs proves a lesson.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environment import console, files, paths
from environment.errors import EnvironmentProblem
from environment.grading.dependencies import TESTS, content_hash
from environment.grading.executor import Outcome, execute, role
from environment.notebooks import STUB

EXERCISE_ROLES = ("open", "prepare", "solution", "grade")


@dataclass(frozen=True)
class Proof:
    """A replacement for one solution cell, and – for a mistake – the phrase that the feedback has to contain."""

    solution_id: str
    slug: str
    source: str
    phrase: str = ""


def lessons() -> list[str]:
    """Names of all lessons, in order."""
    return sorted(path.parent.name for path in paths.SOURCES.glob("*/*.ipynb"))


def notebook(lesson: str) -> Path:
    """The lesson's source."""
    return paths.SOURCES / lesson / f"{lesson}.ipynb"


def named(names: list[str]) -> list[str]:
    """The lessons of these names, or all. Raises EnvironmentProblem for one that does not exist."""
    known = lessons()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise EnvironmentProblem(f"there is no lesson '{unknown[0]}'.", f"one of: {', '.join(known)}")
    return names or known


def course(lesson: str) -> dict[str, Any]:
    """The lesson's `course` metadata."""
    return dict(json.loads(notebook(lesson).read_text())["metadata"]["course"])


def load(kind: str, lesson: str) -> dict[str, list[Proof]]:
    """The lesson's `mistakes` or `alternatives`, by the solution cell they replace."""
    found: dict[str, list[Proof]] = {}
    for path in sorted((TESTS / kind / lesson).glob("*.*")):
        solution_id, _, slug = path.name.partition(".")
        text = path.read_text()
        phrase = ""
        if text.startswith("# expect: "):
            first, _, text = text.partition("\n")
            phrase = first.removeprefix("# expect: ")
        found.setdefault(solution_id, []).append(Proof(solution_id, slug, text, phrase))
    return found


def check_of(lesson: str) -> dict[str, str]:
    """For each solution cell, the grade cell that judges it: the next one below."""
    judged: dict[str, str] = {}
    waiting: list[str] = []
    for cell in json.loads(notebook(lesson).read_text())["cells"]:
        kind = role(cell)
        if kind == "solution":
            waiting.append(cell["id"])
        elif kind == "grade":
            judged |= dict.fromkeys(waiting, cell["id"])
            waiting = []
    return judged


def _problems_of_run(lesson: str, outcome: Outcome, carried: list[Proof], *, right: bool) -> list[str]:
    """What is wrong with a run in which the cells of `carried` were replaced and had to be judged right (or wrong)."""
    judged, verdicts = check_of(lesson), {verdict.grade_id: verdict for verdict in outcome.verdicts}
    problems = [f"{lesson}: cleaning up failed: {outcome.errors['clean']}"] if "clean" in outcome.errors else []
    for proof in carried:
        verdict = verdicts.get(judged.get(proof.solution_id, ""))
        name = f"{lesson}: {proof.solution_id}.{proof.slug}"
        if verdict is None or verdict.points is None:
            problems.append(f"{name}: no verdict ({verdict.error if verdict else outcome.errors})")
        elif right and verdict.points != verdict.maximum:
            problems.append(f"{name}: {verdict.points} of {verdict.maximum} points:\n{verdict.text}\n{outcome.errors}")
        elif not right and verdict.points >= verdict.maximum:
            problems.append(f"{name}: a mistake got all points")
        elif not right and proof.phrase not in verdict.text:
            problems.append(f"{name}: the feedback does not say '{proof.phrase}' but:\n{verdict.text}")
    return problems


def _all_or_nothing(lesson: str, label: str, outcome: Outcome, *, everything: bool) -> list[str]:
    problems = [f"{lesson} {label}: {v.grade_id}: no verdict: {v.error}" for v in outcome.verdicts if v.error]
    for verdict in outcome.verdicts:
        if verdict.points != (verdict.maximum if everything else 0):
            problems.append(
                f"{lesson} {label}: {verdict.grade_id} got {verdict.points} of {verdict.maximum}:\n{verdict.text}"
            )
        # nbgrader and learners meet the checks one by one: a verdict on a settled state must not keep them waiting.
        if verdict.seconds > 2 and not everything:
            problems.append(
                f"{lesson} {label}: {verdict.grade_id} took {verdict.seconds:.1f} s to say that nothing is there"
            )
    if (everything and outcome.errors) or "clean" in outcome.errors:
        problems.append(f"{lesson} {label}: cells failed: {outcome.errors}")
    return problems


def _complete(lesson: str) -> list[str]:
    """Proofs that are missing, or belong to no exercise."""
    problems, exercises = [], check_of(lesson)
    for kind, least in (("mistakes", 2), ("alternatives", 1)):
        found = load(kind, lesson)
        problems += [
            f"{lesson}: {kind} for '{name}', which is no solution cell" for name in found if name not in exercises
        ]
        problems += [
            f"{lesson}: '{name}' has {len(found.get(name, []))} {kind}, and needs {least}"
            for name in exercises
            if len(found.get(name, [])) < least
        ]
        if kind == "mistakes":
            problems += [
                f"{lesson}: {p.solution_id}.{p.slug} lacks '# expect:'"
                for row in found.values()
                for p in row
                if not p.phrase
            ]
    return problems


def prove(lesson: str) -> list[str]:
    """Run all proofs of a lesson; return what is wrong, in words (empty when all hold)."""
    source, problems = notebook(lesson), _complete(lesson)
    if problems:
        return problems
    with console.step(f"{lesson}: reference solution"):
        # As grading runs it, without the teaching cells; papermill runs the whole lesson.
        reference = execute(source, roles=EXERCISE_ROLES)
        problems += _all_or_nothing(lesson, "reference", reference, everything=True)
    with console.step(f"{lesson}: unsolved"):
        unsolved = execute(source, dict.fromkeys(check_of(lesson), STUB), roles=EXERCISE_ROLES)
        problems += _all_or_nothing(lesson, "unsolved", unsolved, everything=False)
    for kind in ("mistakes", "alternatives"):
        rows = load(kind, lesson)
        for number in range(max((len(row) for row in rows.values()), default=0)):
            carried = [row[number] for row in rows.values() if number < len(row)]
            with console.step(f"{lesson}: {kind} {number + 1} ({len(carried)} exercises)"):
                outcome = execute(source, {proof.solution_id: proof.source for proof in carried}, roles=EXERCISE_ROLES)
                problems += _problems_of_run(lesson, outcome, carried, right=kind == "alternatives")
    return problems


def prove_changed(names: list[str], *, everything: bool) -> list[str]:
    """Prove the lessons that changed since their last green proof (or all); remember what is green."""
    record = paths.cache() / "proved.json"
    green = files.read_json(record, {})
    problems: list[str] = []
    for lesson in names or lessons():
        digest = content_hash(lesson)
        if green.get(lesson) == digest and not everything:
            console.say(f"✓ {lesson}: proved before, unchanged since (`test --all` proves it again)")
            continue
        found = prove(lesson)
        problems += found
        if not found:
            green[lesson] = digest
            files.write_json(record, green)
    return problems
