"""kind, kubectl, helm – and what single lessons add – for the lab: a suitable version on the user's PATH, else built from Go modules."""

import os
import re
import shutil
import subprocess

from environment import bootstrap, labenv, versions
from environment.engine import owned
from environment.errors import EnvironmentProblem
from environment.images import supply
from environment.supply import golang

#: program → words that print its version, and the oldest that the lessons are written for.
MINIMUM: dict[str, tuple[tuple[str, ...], tuple[int, int]]] = {
    "kind": (("version",), (0, 33)),
    "kubectl": (("version", "--client"), (1, 36)),
    "helm": (("version", "--short"), (4, 0)),
    "cosign": (("version",), (3, 1)),
    "istioctl": (("version", "--remote=false"), (1, 30)),
}
#: Programs that only the lessons have which name them in their metadata.
EXTRA = ("cosign", "istioctl")


def suitable(program: str) -> str | None:
    """Where the user's own PATH has a recent enough `program`, or None."""
    ours = str(owned.programs())
    search = os.pathsep.join(part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part != ours)
    found = shutil.which(program, path=search)
    if not found:
        return None
    words, least = MINIMUM[program]
    try:
        shown = subprocess.run([found, *words], capture_output=True, text=True, timeout=10, env=labenv.lab()).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    number = re.search(r"\bv?(\d+)\.(\d+)\.", shown)
    return found if number and (int(number[1]), int(number[2])) >= least else None


def wanted() -> list[versions.Component]:
    """What has to be built for clusters: programs that are not on PATH, and – where images are not pulled – what the node
    image is made of. kubectl comes with the node's Kubernetes there."""
    programs = [name for name in MINIMUM if name not in EXTRA and not suitable(name)]
    if supply.source() == "registry":
        return [versions.component(name) for name in programs]
    inside = [*versions.components("cluster"), *versions.components("node")]
    return [*inside, *([versions.component("helm")] if "helm" in programs else [])]


def install() -> None:
    """Put what was built into the lab's bin."""
    for stage in ("cluster", "charts", *(("client",) if supply.source() == "registry" else ())):
        golang.install(stage, owned.programs())


def build(component: versions.Component) -> None:
    """Build one of `wanted`, unless the cache has it."""
    golang.build(component, bootstrap.python())


def add(name: str) -> None:
    """Make sure that a program of EXTRA is in the lab's PATH, built where it is missing. Quick where it is there.

    Raises EnvironmentProblem when it can't be had.
    """
    if name not in EXTRA:
        raise EnvironmentProblem(f"there is no program '{name}' to add.", f"one of: {', '.join(EXTRA)}")
    if suitable(name):
        return
    component = versions.component(name)
    build(component)
    golang.install(component.stage, owned.programs())
