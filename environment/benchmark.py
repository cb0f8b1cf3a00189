"""`bench`: the measures the course is held to, on this machine. Median and 95th percentile; nothing is asserted here."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable

from environment import console, files, labenv, paths
from environment.engine import choice, owned
from environment.errors import EnvironmentProblem
from environment.jupyter import server

#: row → (what is measured, target in seconds, repetitions)
ROWS: dict[str, tuple[str, float, int]] = {
    "start": ("`start`, warm, until JupyterLab answers", 5.0, 5),
    "engine": ("engine start, warm, until it answers", 5.0, 5),
    "create": ("API create → container running", 0.35, 20),
    "run": ("`docker run` in a cell", 0.6, 20),
    "check": ("check, state already right", 0.15, 20),
    "wrong": ("check, wrong for good", 2.0, 20),
    "reset": ("reset of a lesson's live state", 2.0, 20),
}


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _start() -> float:
    subprocess.run(["python3", "-m", "environment", "stop"], cwd=paths.ROOT, capture_output=True, check=True)
    words = ["python3", "-m", "environment", "start", "--yes", "--detach", "--no-browser"]
    return _timed(lambda: subprocess.run(words, cwd=paths.ROOT, capture_output=True, check=True))


def _engine() -> float:
    server.stop()
    owned.stop()
    return _timed(owned.start)


def _create() -> float:
    from helpers import containers

    name = "bench-create"
    took = _timed(lambda: containers.run("busybox:1.37", ["sleep", "60"], name=name).wait_for("running"))
    containers.Container(name).remove()
    return took


def _run() -> float:
    from helpers import magics

    return _timed(lambda: magics.run_bash("docker run --rm busybox:1.37 true"))


def _verify(wrong: bool) -> float:
    from helpers import containers
    from helpers.checks import container, verify

    with containers.run("busybox:1.37", ["sleep", "60"], name="bench-check"):
        look = container("bench-missing" if wrong else "bench-check")
        time.sleep(1)  # a container so young that it may end at once is watched for a moment
        return _timed(lambda: verify(look.is_running(), look.memory_limit(64)))


def _reset() -> float:
    from helpers import containers, lessons

    lesson = lessons.open("2-03-containers")
    for name in ("site", "page", "small"):
        containers.run("nginx:1.26", name=name)
    return _timed(lesson.clean)


MEASURES: dict[str, Callable[[], float]] = {
    "start": _start,
    "engine": _engine,
    "create": _create,
    "run": _run,
    "check": lambda: _verify(wrong=False),
    "wrong": lambda: _verify(wrong=True),
    "reset": _reset,
}


def main(rows: list[str]) -> int:
    """Measure the rows named (default: all); results also go to build/bench.json."""
    unknown = [row for row in rows if row not in ROWS]
    if unknown:
        raise EnvironmentProblem(f"there is no row '{unknown[0]}'.", f"one of: {', '.join(ROWS)}")
    if not choice.reachable(choice.current()):
        raise EnvironmentProblem("no engine runs.", "python3 -m environment start --yes --detach")
    os.environ.update(labenv.lab())
    results = {}
    for row in rows or ROWS:
        what, target, times = ROWS[row]
        values = sorted(MEASURES[row]() for _ in range(times))
        p95 = values[min(len(values) - 1, round(0.95 * len(values)))]
        results[row] = {"median": statistics.median(values), "p95": p95, "n": times, "target": target}
        mark = "✓" if statistics.median(values) <= target else "✗"
        console.say(
            f"{mark} {what:<45} median {statistics.median(values):.2f} s, p95 {p95:.2f} s of {times} (target {target} s)"
        )
    files.write_json(paths.BUILD / "bench.json", results)
    return 0
