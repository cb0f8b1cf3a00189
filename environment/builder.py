"""What happens in the background after `start`: tools are built, the engine comes up, images are made.

It runs as a process of its own, writes where it is to a file that `status`, `start` and waiting lessons read, and can be
interrupted at any point: finished parts are kept, and the next start goes on from there.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from environment import bootstrap, console, files, labenv, paths, process, versions
from environment.engine import choice, owned
from environment.errors import EnvironmentProblem
from environment.images import standin, supply
from environment.supply import golang

#: A step of the plan: what it is called, what it does, and what is ready when it is done.
Plan = list[tuple[str, Callable[[], object], str]]
#: Set where the Kubernetes lessons are not wanted: tests of the first hour, machines with little disk.
WITHOUT_CLUSTER = "COURSE_WITHOUT_CLUSTER"


def _progress() -> Path:
    return paths.state() / "progress.json"


def read() -> dict[str, Any]:
    """Where the background work is: step, done, total, started, ready (stages), error. Empty before the first start."""
    found = files.read_json(_progress(), {})
    return found if isinstance(found, dict) else {}


def working() -> bool:
    """Whether the background builder is at it. Its process may live on when the work is done: `test` does it itself."""
    now = read()
    return bool(now.get("step")) and not now.get("error") and process.alive(now.get("process"))


def describe(now: dict[str, Any]) -> str:
    """One line with a bar: which step of how many, how long already."""
    if now.get("error"):
        return f"stopped: {now['error']}"
    if not now.get("step"):
        return "everything is ready"
    elapsed = int(time.time() - now["started"])
    return f"{console.bar(now['done'], now['total'])} · {elapsed // 60}:{elapsed % 60:02} · {now['step']}"


def lessons_want(key: str, *needs: str) -> list[str]:
    """What the lessons – those that need one of `needs`, where it is given – name in their metadata under this key
    (`images`, `addons` …), in the order of the lessons."""
    wanted: dict[str, None] = {}
    for notebook in sorted([*paths.SOURCES.glob("*/*.ipynb"), *paths.WORKSPACE.glob("[1-9]*/*.ipynb")]):
        course = json.loads(notebook.read_text())["metadata"].get("course", {})
        if not needs or course.get("needs") in needs:
            wanted |= dict.fromkeys(course.get(key, []))
    return list(wanted)


def stages_of(course: dict[str, Any]) -> list[str]:
    """What of the background work's stages a lesson with this metadata needs, besides the engine."""
    named = [f"{one}-{name}" for one in ("image", "program", "addon") for name in course.get(f"{one}s", [])]
    return [*named, *(["cluster"] if course["needs"] == "cluster" else [])]


def plan(record: dict[str, Any]) -> Plan:
    """All that has to be true before everything is ready, in the order in which the learner waits for it."""
    interpreter = bootstrap.python()
    steps: Plan = []
    if choice.is_ours(record):
        for component in versions.components("engine"):
            steps.append((f"building {component.name}", lambda c=component: golang.build(c, interpreter), ""))  # type: ignore[misc]
        steps.append(("starting the engine", _start_engine, "engine"))
    names = lessons_want("images", "host", "engine")
    # An image with a program that has to be compiled can wait until the tools that every lesson needs are there.
    late = [name for name in names if standin.programs(name)]
    steps += [_image_step(name) for name in names if name not in late]
    if choice.is_ours(record):
        for component in versions.components("plugins"):
            steps.append((f"building {component.name}", lambda c=component: golang.build(c, interpreter), ""))  # type: ignore[misc]
        steps.append(("installing buildx and compose", lambda: owned.install("plugins"), "plugins"))
    steps += [_image_step(name) for name in late]
    if choice.is_ours(record):
        steps.append(("dropping what building the engine needed", lambda: golang.drop_caches(toolchain=False), ""))
    return steps


def _image_step(name: str) -> tuple[str, Callable[[], object], str]:
    return (f"image {versions.image(name)}", lambda: supply.ensure(name), f"image-{name}")


def cluster_plan() -> Plan:
    """What the Kubernetes lessons need, after all that the Docker lessons do. The engine has to answer by now."""
    from environment.cluster import addons, node_image, programs

    steps: Plan = []
    for component in programs.wanted():
        steps.append((f"building {component.name}", lambda c=component: programs.build(c), ""))  # type: ignore[misc]
    steps.append(("installing kind, kubectl and helm", programs.install, ""))
    steps.append(("the image of the cluster's nodes", node_image.ensure, "cluster"))
    before = lessons_want("images", "host", "engine")
    steps += [_image_step(name) for name in lessons_want("images", "cluster") if name not in before]
    for name in lessons_want("programs"):
        steps.append((f"building {name}", lambda n=name: programs.add(n), f"program-{name}"))  # type: ignore[misc]
    for name in lessons_want("addons"):
        steps.append((f"preparing {name}", lambda n=name: addons.prepare(n), f"addon-{name}"))  # type: ignore[misc]
    steps.append(("dropping what only building needed", golang.drop_caches, ""))
    return steps


def _start_engine() -> None:
    owned.install("engine")
    with console.step("start the engine"):
        owned.start()


def work() -> None:
    """Do the plan, step by step, telling where we are. This is what the background process runs."""
    record = choice.current()
    if record is None:
        raise EnvironmentProblem("no engine was chosen.", "run `python3 -m environment start`.")
    with files.lock("builder"):
        os.environ.update(labenv.lab())
        ready = [] if choice.is_ours(record) else ["engine", "plugins"]
        now: dict[str, Any] = {
            "process": process.identity(os.getpid()),
            "started": time.time(),
            "done": 0,
            "ready": ready,
        }
        _carry_out(plan(record), now)
        if not os.environ.get(WITHOUT_CLUSTER):
            _carry_out(cluster_plan(), now)
        files.write_json(_progress(), {**now, "step": "", "total": now["done"]})
        console.record("background work, all of it", time.time() - now["started"])


def _carry_out(steps: Plan, now: dict[str, Any]) -> None:
    """Do the steps, writing to the progress file where we are."""
    now["total"] = now["done"] + len(steps)
    for label, act, makes in steps:
        now["step"] = label
        files.write_json(_progress(), now)
        try:
            act()
        except EnvironmentProblem as error:
            files.write_json(_progress(), {**now, "error": str(error)})
            raise
        now["done"] += 1
        now["ready"] += [makes] if makes else []


def launch() -> None:
    """Start the background process, unless it lives already."""
    if working():
        return
    command: list[str | Path] = [bootstrap.python(), "-m", "environment", "_build"]
    pid = process.spawn(command, log=paths.logs() / "builder.log", env=labenv.lab(), cwd=paths.ROOT)
    files.write_json(
        _progress(),
        {
            "process": process.identity(pid),
            "step": "starting",
            "done": 0,
            "total": 1,
            "started": time.time(),
            "ready": [],
        },
    )


def stop() -> None:
    """End the background process and whatever it is compiling."""
    now = read()
    process.end(now.get("process"), patience=3, group=True)


def await_ready(stage: str, tell: Callable[[str], None], *, seconds: float = 1800) -> None:
    """Wait until `stage` (`engine`, `plugins`, `image-nginx`) is ready, telling progress once a second.

    Raises EnvironmentProblem when the builder stopped before that, or after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while stage not in read().get("ready", []):
        now = read()
        if not working():
            raise EnvironmentProblem(
                f"'{stage}' is not ready and nothing is working on it"
                + (f": {now['error']}" if now.get("error") else "."),
                "run `python3 -m environment start` in a terminal: it goes on where it stopped.",
            )
        if time.monotonic() > deadline:
            raise EnvironmentProblem(f"'{stage}' was not ready after {seconds:.0f} s: {describe(now)}")
        tell(describe(now))
        time.sleep(1)
