"""`grade`: judges submissions in isolated labs, several at a time; then one serial pass of nbgrader saves the marks."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from environment import console, files, labenv
from environment.engine import choice
from environment.errors import EnvironmentProblem
from environment.grading import (
    clusters,
    dependencies,
    gradebook,
    inbox,
    job_image,
    lab,
    proofs,
    release,
    report,
    skeleton,
    verdicts,
)
from environment.grading.jobs import JOBS, Jobs, kubeconfig
from environment.grading.slots import Judges, Slots


def why_by_hand(course: dict[str, object]) -> str:
    """Why submissions of a lesson can't be judged in an isolated lab; empty where they can."""
    if course["needs"] == "cluster" and course.get("lab") != "namespace":
        return "it takes more of a Kubernetes cluster than a namespace, and no lab gives a submission that"
    if course["needs"] == "host":
        return "it works on the host itself, not in an engine"
    if course.get("builds") and not course.get("packages"):
        return "its builds install packages, and a lab has no way to a package registry"
    return ""


def students(lesson: str, only: str | None = None) -> list[str]:
    """Who has submitted the lesson."""
    found = sorted(path.parent.parent.name for path in gradebook.submitted().glob(f"*/{lesson}/{lesson}.ipynb"))
    if only and only not in found:
        raise EnvironmentProblem(f"there is no submission of {lesson} by '{only}'.", f"there are: {', '.join(found)}")
    return [only] if only else found


def prepare(lesson: str, student: str, judged_by: str) -> tuple[skeleton.Rebuilt, str]:
    """Put a submission back on its skeleton, where the marks are saved from; return it and the key of its content and of
    what judges it (`judged_by`)."""
    notebook = json.loads(proofs.notebook(lesson).read_text())
    source = notebook["cells"]
    path = gradebook.submitted() / student / lesson / f"{lesson}.ipynb"
    with path.open("rb") as handle:
        content = handle.read(skeleton.LARGEST_NOTEBOOK + 1)
    cells, problem = skeleton.read(content)
    rebuilt = skeleton.rebuild(source, cells)
    rebuilt.remarks += [problem] if problem else []
    target = gradebook.rebuilt() / student / lesson / path.name
    files.write_atomically(target, json.dumps({**notebook, "cells": rebuilt.cells}, indent=1))
    stamp = path.with_name("timestamp.txt")
    if stamp.is_file():
        files.write_atomically(target.with_name(stamp.name), stamp.read_text()[:100])
    return rebuilt, files.digest_of(content, judged_by)


def judge_one(
    lesson: str, rebuilt: skeleton.Rebuilt, content: str, judges: Judges, *, patient: bool = False
) -> verdicts.Record:
    """Judge one submission, known by the key `content`. Demonstrations are skipped at first; where a cell then fails that the
    learner may have built on them, the whole notebook runs. Not where it killed its kernel, or a cell had no end – unless
    we are `patient`: five of those would hold up a class."""
    began, source = time.monotonic(), skeleton.cells_of(proofs.notebook(lesson))
    told = judges.judge(skeleton.to_run(rebuilt.cells, source, everything=False))
    maximum = sum(
        float(cell["metadata"]["nbgrader"]["points"])
        for cell in source
        if cell["metadata"].get("nbgrader", {}).get("grade")
    )
    endless = told.lost or any(error.startswith("TimeoutError") for error in told.errors.values())
    if told.errors and not told.problem and told.points < maximum and (patient or not endless):
        whole = judges.judge(skeleton.to_run(rebuilt.cells, source, everything=True))
        told = whole if not whole.problem and whole.points > told.points else told
    unclear = [verdict["error"] for verdict in told.verdicts if verdict["points"] is None]
    problem = told.problem or (unclear[0] if unclear else "")
    return verdicts.Record(
        content=content,
        status=verdicts.CANNOT_TELL if problem else verdicts.JUDGED,
        verdicts=told.verdicts,
        errors=told.errors,
        texts=told.texts,
        remarks=[*rebuilt.remarks, *told.remarks],
        problem=problem,
        usage=told.usage,
        seconds=time.monotonic() - began,
    )


@dataclass(frozen=True)
class Elsewhere:
    """A cluster whose Jobs judge: a context of the user's kubeconfig, and the repository that its nodes have images from."""

    context: str
    kubeconfig: str
    repository: str


@contextlib.contextmanager
def _judges(lesson: str, jobs: int, tree: Path, on: Elsewhere | None, *, again: bool) -> Iterator[Judges]:
    """Where the lesson's submissions are judged: labs of this machine, or Jobs."""
    if on is None:
        yield Slots(lesson, jobs, tree)
        return
    image = job_image.push(job_image.build(lesson, proofs.course(lesson), tree, on.repository))
    with Jobs(lesson, image, on.context, on.kubeconfig, again=again) as made:
        yield made


def _judge_all(
    lesson: str, names: list[str], jobs: int | None, tree: Path, on: Elsewhere | None, *, again: bool
) -> None:
    """Judge what has no verdict yet, `jobs` at a time; each verdict is on disk as soon as it falls."""
    waiting, judged_by = {}, dependencies.judged_by(lesson)
    for student in names:
        rebuilt, content = prepare(lesson, student, judged_by)
        known = verdicts.load(lesson, student)
        if again or known is None or known.content != content or known.status == verdicts.CANNOT_TELL:
            waiting[student] = rebuilt, content
    if not waiting:
        console.say(f"✓ {lesson}: all {len(names)} submissions have been judged before, and nothing changed since")
        return
    clustered = proofs.course(lesson)["needs"] == "cluster"
    if on and clustered:
        console.say(f"– {lesson}: its labs have a cluster beside them, which no Job has: judged on this machine")
        on = None
    jobs = jobs or (JOBS if on else max(1, (os.cpu_count() or 2) // 2))
    jobs = min(jobs, len(waiting), clusters.MOST if clustered else jobs)
    with _judges(lesson, jobs, tree, on, again=again) as judges, ThreadPoolExecutor(jobs) as pool:
        judges.try_reference()
        running = {
            pool.submit(judge_one, lesson, *known, judges, patient=again): student for student, known in waiting.items()
        }
        for number, done in enumerate(as_completed(running), 1):
            student = running[done]
            record = done.result()
            verdicts.store(lesson, student, record)
            told = (
                f"{record.points:g} points"
                if record.status == verdicts.JUDGED
                else f"{record.status}: {record.problem}"
            )
            console.say(f"  {number}/{len(waiting)} {student}: {told} ({record.seconds:.0f} s)")


def save(lesson: str, names: list[str]) -> None:
    """Save the marks of what was judged and is not in the gradebook yet."""
    records = {student: verdicts.load(lesson, student) for student in names}
    new = {
        student: record
        for student, record in records.items()
        if record and record.status == verdicts.JUDGED and record.saved != record.points
    }
    if not new:
        return
    with console.step(f"{lesson}: save {len(new)} marks in the gradebook"):
        everyone = [path.name for path in gradebook.rebuilt().iterdir() if (path / lesson).is_dir()]
        marks = gradebook.save(lesson, new, everyone)
        for student, record in new.items():
            record.saved = record.points
            if marks[student] != record.points:
                console.say(
                    f"  {student}: the gradebook says {marks[student]:g} (late, or graded by hand), judged {record.points:g}"
                )
            if record.remarks:
                gradebook.comment(lesson, student, "; ".join(record.remarks))
            verdicts.store(lesson, student, record)


def _by_hand(lesson: str, names: list[str], why: str) -> None:
    judged_by = dependencies.judged_by(lesson)
    for student in names:
        _, content = prepare(lesson, student, judged_by)
        verdicts.store(lesson, student, verdicts.Record(content, verdicts.BY_HAND, problem=why))


def elsewhere(context: str | None, repository: str | None) -> Elsewhere | None:
    """The cluster to judge on; None for this machine. Raises EnvironmentProblem where one is named without the other."""
    if not context and not repository:
        return None
    if not (context and repository):
        raise EnvironmentProblem(
            "`--on` names the cluster, `--repository` where its nodes get images from: one is of no use without the other.",
            "e.g. grade 2-03-containers --on my-cluster --repository registry.example.org/course/judge",
        )
    return Elsewhere(context, kubeconfig(), repository)


def main(
    lessons: list[str], *, jobs: int | None, source: Path | None, student: str | None, on: Elsewhere | None = None
) -> int:
    """Grade the lessons named, or all that have submissions. Exit status 1 when a submission could not be judged."""
    names = proofs.named(lessons)
    if source and len(lessons) != 1:
        raise EnvironmentProblem("`--from` takes the submissions of one lesson.", "name it: grade LESSON --from FOLDER")
    problems = inbox.take(source, names[0]) if source else []
    left: list[str] = []
    if not choice.reachable(choice.current()):
        raise EnvironmentProblem("no engine runs.", "python3 -m environment start --yes --detach --no-browser")
    os.environ.update(labenv.lab())
    if on is None:
        lab.check_possible()
    with files.lock("grade"), contextlib.ExitStack() as stack:
        stack.callback(clusters.end)
        tree = release.tree()
        for lesson in names:
            who = students(lesson, student)
            if not who:
                continue
            if not gradebook.known(lesson):
                gradebook.release(lesson)
            why = why_by_hand(proofs.course(lesson))
            if why:
                _by_hand(lesson, who, why)
                console.say(f"– {lesson}: {len(who)} submissions wait to be graded by hand: {why}")
                continue
            _judge_all(lesson, who, jobs, tree, on, again=student is not None)
            save(lesson, who)
            left += [
                f"{one}: {lesson}: {record.problem}"
                for one, record in report.records(lesson)
                if record.status == verdicts.CANNOT_TELL
            ]
            console.say(f"✓ {lesson}: {report.write(lesson)}")
    for line in [*problems, *left]:
        console.say(f"✗ {line}")
    if left:
        console.say("  These have no mark, and are judged again by the next `grade`.")
    return 1 if problems or left else 0
