"""How much memory and disk the course takes: measured while a lesson runs, over everything that belongs to it."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from environment import paths, process

#: Part of a program's command line → what it belongs to.
_PROGRAMS = {
    "dockerd": "Docker Engine",
    "containerd": "Docker Engine",
    "docker-proxy": "Docker Engine",
    "ipykernel": "notebook kernels",
    "jupyter": "JupyterLab",
    "qemu-system": "virtual machines",
}
_EVERY_SECONDS = 0.5


def of_processes() -> dict[str, int]:
    """Bytes that our programs outside of containers, and kernels, hold for themselves (proportional share), by what they
    belong to."""
    found: Counter[str] = Counter()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            shown = "ipykernel" if "ipykernel" in command else " ".join(command.split("\0")[:3])
            group = next((group for part, group in _PROGRAMS.items() if part in shown), "")
            if group:
                rollup = (entry / "smaps_rollup").read_text()
                found[group] += 1024 * int(rollup.split("Pss:")[1].split()[0])
        except (OSError, IndexError):
            continue
    return dict(found)


def of_containers() -> dict[str, int]:
    """Bytes that each running container holds, without the file cache that the kernel can take back, by its name."""
    import docker.errors

    from helpers import containers, machines
    from helpers.errors import CourseError

    found = {}
    for box in containers.ps():
        try:
            found[box.name] = int(machines.memory_mb(box.name) * 1e6)
        except (CourseError, docker.errors.APIError, KeyError):  # it ended while it was asked
            continue
    return found


def _peak(lesson: str) -> float:
    """GB at the worst moment while the lesson's reference solution runs, JupyterLab included."""
    from environment import bootstrap
    from environment.grading import executor, proofs
    from environment.jupyter import server

    server.start(bootstrap.python())
    seen, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY_SECONDS):
            seen.append(sum(of_processes().values()) + sum(of_containers().values()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        outcome = executor.execute(proofs.notebook(lesson))
    finally:
        over.set()
        watcher.join()
    if outcome.errors:
        raise RuntimeError(f"{lesson} failed: {outcome.errors}")
    return max(seen) / 1e9


def _engine_peak() -> float:
    from helpers import clusters, containers

    clusters.delete()  # what a kept cluster holds belongs to the cluster's row
    assert not [box for box in containers.ps() if box.name.startswith("course-")]  # noqa: S101
    return max(_peak(lesson) for lesson in ("1-02-containers-vs-vms", "2-03-containers", "2-07-compose"))


def _disk(*folders: Path) -> float:
    words = ["du", "--summarize", "--block-size=1", "--total", *(str(one) for one in folders if one.exists())]
    return int(process.run(words).splitlines()[-1].split()[0]) / 1e9


#: name → what is measured, target in GB, the measurement
MEASURES: dict[str, tuple[str, float, Callable[[], float]]] = {
    "memory": ("peak memory, engine lessons", 1.5, _engine_peak),
    "cluster-memory": ("peak memory, cluster lesson 4-03", 3.5, lambda: _peak("4-03-deployments")),
    "disk": ("disk: tools, environments, images, cluster", 10.0, lambda: _disk(paths.cache(), paths.data())),
}
