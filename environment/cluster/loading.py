"""Gives the nodes of the course's clusters images of the engine."""

import subprocess

from environment import labenv
from environment.cluster import kind
from environment.errors import EnvironmentProblem
from environment.images import supply


def load(shape: str, *references: str) -> None:
    """Give the cluster's nodes images of the engine. Raises EnvironmentProblem when one is missing.

    Not by `kind load docker-image`: with the containerd image store that fails on pulled images of several platforms.
    """
    now = {reference: str((supply.inspect(reference) or {}).get("Id", "")) for reference in references}
    missing = [reference for reference, identity in now.items() if not identity]
    if missing:
        raise EnvironmentProblem(f"there is no image '{missing[0]}' in the engine.", f"`docker pull {missing[0]}`")
    for node in kind.nodes(shape):
        known = supply.docker("exec", node, "ctr", "--namespace", "k8s.io", "images", "list", "--quiet").split()
        told = kind.record(shape).get("loaded", {}).get(node, {})
        wanted = [name for name in references if full_name(name) not in known or told.get(name) != now[name]]
        if not wanted:
            continue
        importer = ["docker", "exec", "--interactive", node, "ctr", "--namespace", "k8s.io", "images", "import", "-"]
        with subprocess.Popen(["docker", "save", *wanted], env=labenv.lab(), stdout=subprocess.PIPE) as saved:
            done = subprocess.run(importer, env=labenv.lab(), stdin=saved.stdout, capture_output=True, text=True)
        if saved.returncode or done.returncode:
            raise EnvironmentProblem(
                f"{', '.join(wanted)} could not be loaded into {node}: {done.stderr.strip()[-300:]}"
            )
        loaded = kind.record(shape).get("loaded", {})
        kind.note(shape, loaded={**loaded, node: {**loaded.get(node, {}), **{name: now[name] for name in wanted}}})


def full_name(reference: str) -> str:
    """The full name under which containerd keeps it: `nginx` is docker.io/library/nginx:latest."""
    if "@" not in reference and ":" not in reference.rpartition("/")[2]:
        reference = f"{reference}:latest"
    first, slash, _ = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return reference
    return f"docker.io/{reference}" if slash else f"docker.io/library/{reference}"
