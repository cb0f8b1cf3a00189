"""`bench`: the measures the course is held to, on this machine. Median and 95th percentile; nothing is asserted here."""

import contextlib
import io
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from environment import console, files, labenv, paths
from environment.engine import choice, owned
from environment.errors import EnvironmentProblem
from environment.jupyter import server


@dataclass(frozen=True)
class Row:
    """One measure: in words, its target, how often it is taken, and what takes it (and returns the value)."""

    what: str
    target: float
    times: int
    act: Callable[[], float]
    unit: str = "s"


def timed(act: Callable[[], object]) -> float:
    """Seconds that `act` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _start() -> float:
    subprocess.run(["python3", "-m", "environment", "stop"], cwd=paths.ROOT, capture_output=True, check=True)
    words = ["python3", "-m", "environment", "start", "--yes", "--detach", "--no-browser"]
    return timed(lambda: subprocess.run(words, cwd=paths.ROOT, capture_output=True, check=True))


def _engine() -> float:
    server.stop()
    owned.stop()
    return timed(owned.start)


def _create() -> float:
    from helpers import containers

    name = "bench-create"
    took = timed(lambda: containers.run("busybox:1.37", ["sleep", "60"], name=name).wait_for("running"))
    containers.Container(name).remove()
    return took


def _run() -> float:
    from helpers import magics

    return timed(lambda: magics.run_bash("docker run --rm busybox:1.37 true"))


def _verify(wrong: bool) -> float:
    from helpers import containers
    from helpers.checks import container, verify

    with containers.run("busybox:1.37", ["sleep", "60"], name="bench-check"):
        look = container("bench-missing" if wrong else "bench-check")
        time.sleep(1)  # a container so young that it may end at once is watched for a moment
        with contextlib.redirect_stdout(io.StringIO()):
            return timed(lambda: verify(look.is_running(), look.uses_image("busybox:1.37")))


def _reset() -> float:
    from helpers import containers, lessons

    lesson = lessons.open("2-03-containers")
    for name in ("site", "page", "small"):
        containers.run("nginx:1.26", name=name)
    return timed(lesson.clean)


def rows() -> dict[str, Row]:
    """All measures, by the name that `bench NAME` takes."""
    from environment import benchmark_cluster, benchmark_grading, footprint

    return {
        "start": Row("`start`, warm, until JupyterLab answers", 5.0, 5, _start),
        "engine": Row("engine start, warm, until it answers", 5.0, 5, _engine),
        "create": Row("API create → container running", 0.35, 20, _create),
        "run": Row("`docker run` in a cell", 0.6, 20, _run),
        "check": Row("Docker check, state already right", 0.15, 20, lambda: _verify(wrong=False)),
        "wrong": Row("Docker check, wrong for good", 2.0, 20, lambda: _verify(wrong=True)),
        "reset": Row("reset of a lesson's live state", 2.0, 20, _reset),
        **{
            name: Row(what, target, times, act)
            for name, (what, target, times, act) in benchmark_cluster.MEASURES.items()
        },
        **{name: Row(*measure) for name, measure in benchmark_grading.MEASURES.items()},
        **{name: Row(what, target, 1, act, "GB") for name, (what, target, act) in footprint.MEASURES.items()},
    }


def main(names: list[str]) -> int:
    """Measure the rows named (default: all); results also go to build/bench.json."""
    known = rows()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise EnvironmentProblem(f"there is no row '{unknown[0]}'.", f"one of: {', '.join(known)}")
    if not choice.reachable(choice.current()):
        raise EnvironmentProblem("no engine runs.", "python3 -m environment start --yes --detach")
    os.environ.update(labenv.lab())
    results = files.read_json(paths.BUILD / "bench.json", {})
    for name in names or known:
        row = known[name]
        values = sorted(row.act() for _ in range(row.times))
        median, p95 = statistics.median(values), values[min(len(values) - 1, round(0.95 * len(values)))]
        results[name] = {"median": median, "p95": p95, "n": row.times, "target": row.target, "unit": row.unit}
        console.say(
            f"{'✓' if median <= row.target else '✗'} {row.what:<58} median {median:.2f} {row.unit}, "
            f"p95 {p95:.2f} of {row.times} (target {row.target} {row.unit})"
        )
        files.write_json(paths.BUILD / "bench.json", results)
    return 0
