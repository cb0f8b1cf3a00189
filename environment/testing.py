"""`test`: proves it all on this machine's real engine. Each stage says what it does; the first failure's reason is the last line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from environment import bootstrap, builder, console, labenv, paths
from environment.engine import choice, owned
from environment.errors import EnvironmentProblem

#: Stages that only `--only` runs: they take long, and prove what no change to a lesson can break.
ON_REQUEST = ("unified", "conformance")


def _run(label: str, *words: str) -> None:
    """Run a tool of the test environment with its output shown."""
    console.say(f"\n▶ {label}: {' '.join(words)}")
    with console.step(label):
        done = subprocess.run([sys.executable, "-m", *words], cwd=paths.ROOT, env=labenv.lab())
        if done.returncode:
            raise EnvironmentProblem(f"{label} failed (status {done.returncode}).", "the reason stands above.")


def bring_up_engine(*, yes: bool) -> None:
    """Choose the engine, build what is missing, and wait until everything is ready."""
    record = choice.choose("auto", yes=yes)
    console.say(f"✓ Docker Engine: {choice.describe(record)}")
    if choice.is_ours(record):
        bootstrap.install_packages(bootstrap.missing_packages(engine=True), yes=yes)
    bootstrap.create_environment("lab")
    console.say("▶ tools, engine, images (the first time on a machine: some minutes)")
    with console.step("tools, engine and images are ready"):
        builder.work()


def _style() -> None:
    from environment import fix

    fix.main(check=True)
    _run("types", "mypy")


def _proofs(everything: bool) -> None:
    from environment.grading import proofs

    problems = proofs.prove_changed([], everything=everything)
    if problems:
        raise EnvironmentProblem(
            "proofs failed:\n    " + "\n    ".join(problems), "the exercise, its check or the proof is wrong."
        )


def _papermill() -> None:
    from environment import papermill_run

    papermill_run.main([])


def _browser(yes: bool) -> None:
    if not (shutil.which("chromium") or shutil.which("google-chrome")) and shutil.which("apt-get"):
        bootstrap.install_packages(["chromium", "fonts-dejavu-core"], yes=yes)
    _run("browser tests", "pytest", "-q", "tests/browser")


def _fresh(everything: bool) -> None:
    if os.geteuid() != 0 or sys.platform != "linux":
        console.say("– fresh machine: skipped, it takes root on Linux")
        return
    if not (everything or os.environ.get("CI")):
        console.say("– fresh machine: only with `test --all`, `test --only fresh` and in CI")
        return
    # CI proves the README's first command from nothing; the ordinary user beside a foreign engine takes `--all`.
    _run("fresh machine", "pytest", "-q", "tests/fresh", *([] if everything else ["-k", "as_root"]))


def main(*, everything: bool, only: str | None, yes: bool) -> int:
    """Run all stages, or `only` one. What `test` started it stops; an engine that ran before goes on running."""
    stages: dict[str, Callable[[], None]] = {
        "style": _style,
        "unit": lambda: _run("unit tests", "pytest", "-q", "tests/unit"),
        "live": lambda: _run("live tests", "pytest", "-q", "tests/live"),
        "grading": lambda: _run("grading, and attacks on it", "pytest", "-q", "tests/grading", "tests/attacks"),
        "proofs": lambda: _proofs(everything),
        "run": _papermill,
        "browser": lambda: _browser(yes),
        "fresh": lambda: _fresh(everything or only == "fresh"),
        "unified": lambda: _run("labs on cgroup v2", "pytest", "-q", "tests/unified"),
        "conformance": lambda: _run("upstream's conformance tests", "pytest", "-q", "tests/conformance"),
    }
    if only and only not in stages:
        raise EnvironmentProblem(f"there is no stage '{only}'.", f"one of: {', '.join(stages)}")
    wanted = [only] if only else [name for name in stages if name not in ON_REQUEST]
    ran_before = owned.running()
    try:
        for name in wanted:
            if name in {
                "live",
                "grading",
                "proofs",
                "run",
                "browser",
                "unified",
                "conformance",
            } and not choice.reachable(choice.current()):
                bring_up_engine(yes=yes)
            stages[name]()
    finally:
        if not ran_before and owned.running():
            with console.step("stop the engine"):
                owned.stop()
    console.say(f"\n✓ all of it: {', '.join(wanted)}")
    return 0
