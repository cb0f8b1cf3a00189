"""`python3 -m environment VERB`: the one command line of the course. Standard library only until the environment exists."""

import argparse
import os
import sys
from pathlib import Path

from environment import bootstrap, builder, console, paths
from environment.errors import EnvironmentProblem


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m environment", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    start = verb("start", "set everything up and open JupyterLab on the course")
    start.add_argument(
        "--yes", action="store_true", help="answer yes to every question (CI and dev containers imply it)"
    )
    start.add_argument(
        "--engine", choices=["auto", "owned", "shared"], default="auto", help="which Docker Engine to use"
    )
    start.add_argument("--no-browser", action="store_true", help="print the address only")
    start.add_argument("--detach", action="store_true", help="return as soon as JupyterLab answers")
    start.add_argument("--port", type=int, default=0, help="JupyterLab's port (default: a free one)")
    verb("stop", "stop JupyterLab, background work and the course's engine; keep images and your work")
    verb("status", "what runs, what is still being made, where to go on")
    doctor = verb("doctor", "find out by doing what this machine can run")
    doctor.add_argument("--json", action="store_true")
    shell = verb("shell", "a shell (or one command) with the lab's environment")
    shell.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    reset = verb("reset", "give a lesson its first state back: cells and containers; your file is kept as a backup")
    reset.add_argument("lesson")
    clean = verb("clean", "stop and remove everything the course made on this machine, but not your changed notebooks")
    clean.add_argument("--yes", action="store_true")
    clean.add_argument("--keep-cache", action="store_true", help="keep built tools, so that the next start is fast")
    run = verb("run", "execute lessons with papermill in a copy under build/")
    run.add_argument("lessons", nargs="*")
    site = verb("site", "the course as static pages for reading, made from executed notebooks without their solutions")
    site.add_argument("lessons", nargs="*")
    test = verb("test", "prove it all: style, types, unit and live tests, every exercise's proofs")
    test.add_argument("--yes", action="store_true")
    test.add_argument("--all", action="store_true", help="also what did not change since it was last green")
    test.add_argument("--only", help="one stage: style, unit, live, grading, proofs, run, browser, fresh")
    bench = verb("bench", "measure against the targets")
    bench.add_argument("rows", nargs="*")
    release = verb(
        "release", "instructors: the lessons without solutions, as nbgrader's release and as build/course.zip"
    )
    release.add_argument("lessons", nargs="*")
    submit = verb("submit", "put your notebook of a lesson into one zip to hand in")
    submit.add_argument("lesson")
    grade = verb("grade", "instructors: judge submissions in isolated labs and save the marks in nbgrader's gradebook")
    grade.add_argument("lessons", nargs="*")
    grade.add_argument("--jobs", type=int, help="labs at the same time: one for two cores, unless told otherwise")
    grade.add_argument("--from", dest="source", type=Path, help="take submissions from this folder first")
    grade.add_argument("--student", help="only this one, and again")
    grade.add_argument("--on", metavar="CONTEXT", help="judge by Jobs on the cluster of this kubeconfig context")
    grade.add_argument(
        "--repository", help="with --on: where the image for Jobs is pushed, and pulled from by the nodes"
    )
    former = verb("formgrader", "instructors: nbgrader's formgrader in a JupyterLab of its own")
    former.add_argument("--port", type=int, default=0)
    new = verb("new-lesson", "authors: a lesson that runs, with one exercise and its proofs, to be filled")
    new.add_argument("lesson", help="its name: section, topic, words (4-07-volumes)")
    new.add_argument("--title", required=True)
    new.add_argument("--needs", choices=["engine", "cluster"], default="engine")
    fix = verb("fix", "repair style and normal form: ruff, notebooks, pictures")
    fix.add_argument("--check", action="store_true", help="change nothing, fail if anything would change")
    verbs.add_parser("_build")
    return parser


def _inside() -> bool:
    """Whether this process already runs in the lab's virtual environment."""
    return sys.prefix == str(bootstrap.environment_folder("lab")) or sys.prefix == str(
        bootstrap.environment_folder("test")
    )


def _continue_in(lock: str) -> None:
    """Go on in the virtual environment of `lock`, as the same process."""
    python = bootstrap.create_environment(lock)
    if sys.prefix != str(bootstrap.environment_folder(lock)):
        os.chdir(paths.ROOT)
        os.execv(python, [str(python), "-m", "environment", *sys.argv[1:]])  # noqa: S606


def _dispatch(args: argparse.Namespace) -> int:
    if args.verb == "_build":
        builder.work()
        return 0
    if args.verb in {"test", "bench", "fix"}:
        bootstrap.install_packages(bootstrap.missing_packages(engine=False), yes=getattr(args, "yes", True))
        _continue_in("test")
    elif (
        args.verb in {"run", "site", "reset", "release", "submit", "grade", "formgrader", "new-lesson"}
        and not _inside()
    ):
        _continue_in("lab")
    # Imported late: a verb loads only what it needs, and some of it exists only in the virtual environment.
    if args.verb == "start":
        from environment.start import start

        return start(args)
    if args.verb in {"stop", "status", "clean"}:
        from environment import lifecycle

        verbs = {"stop": lifecycle.stop, "status": lifecycle.status, "clean": lifecycle.clean}
        return verbs[args.verb](args)
    if args.verb == "doctor":
        from environment import doctor

        return doctor.main(as_json=args.json)
    if args.verb == "shell":
        from environment import lifecycle

        return lifecycle.shell(args.words)
    if args.verb == "reset":
        from environment import workspace

        return workspace.reset(args.lesson)
    if args.verb == "run":
        from environment import papermill_run

        return papermill_run.main(args.lessons)
    if args.verb == "site":
        from environment.site import pages

        return pages.main(args.lessons)
    if args.verb == "test":
        from environment import testing

        return testing.main(everything=args.all, only=args.only, yes=args.yes)
    if args.verb in {"release", "submit"}:
        from environment.grading import release

        return release.submit(args.lesson) if args.verb == "submit" else release.main(args.lessons)
    if args.verb == "grade":
        from environment.grading import batch

        on = batch.elsewhere(args.on, args.repository)
        return batch.main(args.lessons, jobs=args.jobs, source=args.source, student=args.student, on=on)
    if args.verb == "formgrader":
        from environment.jupyter import instructor

        instructor.main(args.port)
    if args.verb == "new-lesson":
        from environment import new_lesson

        return new_lesson.main(args.lesson, title=args.title, needs=args.needs)
    if args.verb == "fix":
        from environment import fix

        return fix.main(check=args.check)
    from environment import benchmark

    return benchmark.main(args.rows)


def main() -> int:
    """Run one verb; the exit status is 0 when it did what it says, 1 with one clear message when not, 130 on Ctrl-C."""
    args = _parser().parse_args()
    try:
        return _dispatch(args)
    except EnvironmentProblem as error:
        console.problem(error)
        return 1
    except KeyboardInterrupt:
        console.say("\nStopped. Run the same command again to go on where this ended.")
        return 130
    except BrokenPipeError:
        # Whoever read our output (`status | head -1`) has had enough; Python must not complain at its own exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno != 28:  # ENOSPC
            raise
        console.problem(EnvironmentProblem("the disk is full.", "free some space; everything finished is kept."))
        return 1


if __name__ == "__main__":
    sys.exit(main())
