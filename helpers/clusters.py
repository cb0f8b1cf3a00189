"""Clusters: `up`, `load`, `pause`, `nodes`. The course's own kind clusters, or one that the learner points it at."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import yaml

from environment import builder, files, paths
from environment.cluster import addons, kind, loading, local_registry, programs
from environment.errors import EnvironmentProblem
from environment.images import supply
from helpers import readiness
from helpers.errors import CourseError
from helpers.progress import line

T = TypeVar("T")
#: A context of the learner's own kubeconfig to use in place of the course's clusters.
OWN_CONTEXT = "COURSE_CONTEXT"
#: Set where that cluster was prepared for the lesson: its namespace, images and add-ons are there. (Grading does so.)
PREPARED = "COURSE_CLUSTER_PREPARED"


def own_context() -> str:
    """The context that the learner points the course at; empty where the course's own clusters are used."""
    return os.environ.get(OWN_CONTEXT, "")


def prepared() -> bool:
    """Whether the lesson finds everything it needs in a cluster that is not its to change."""
    return bool(own_context() and os.environ.get(PREPARED))


def up(shape: str = "single") -> str:
    """Make it so that the cluster (`single` or `three-nodes`) is ready; return its kubeconfig context. Progress is shown.

    Raises CourseError when it can't be had.

    >>> up()  # doctest: +SKIP
    'kind-course-single'
    """
    if own_context():
        return own_context()
    with line() as tell:
        return _told(lambda: kind.up(shape, tell))


def _told(act: Callable[[], T]) -> T:
    try:
        return act()
    except EnvironmentProblem as error:
        raise CourseError(error.what, error.remedy) from None


def nodes(shape: str = "single") -> list[str]:
    """Names of the cluster's nodes: they are containers, so `docker exec` reaches into them. The control plane is first."""
    return sorted(kind.nodes(shape), key=lambda name: ("control-plane" not in name, name))


def on_node(*words: str, shape: str = "single", node: str = "") -> str:
    """Run a command on a node of the cluster – the first, if none is named; return its output. Raises CourseError with its
    message when it fails."""
    return _told(lambda: supply.docker("exec", node or nodes(shape)[0], *words))


def etcd_has(key: str) -> bool:
    """Whether etcd, on the cluster's first node, keeps an object under exactly this key."""
    folder = "/etc/kubernetes/pki/etcd"
    words = ["--cacert", f"{folder}/ca.crt", "--cert", f"{folder}/server.crt", "--key", f"{folder}/server.key"]
    box = on_node("crictl", "ps", "--name", "etcd", "--quiet").strip()
    return on_node("crictl", "exec", box, "etcdctl", "get", *words, "--keys-only", "--", key).split() == [key]


def current_shape() -> str:
    """The shape of the course's cluster that the current kubeconfig leads to."""
    shown = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())["current-context"]
    return next((shape for shape in kind.SHAPES if kind.context_of(shape) == shown), "single")


def port(name: str, shape: str = "single") -> int:
    """The loopback port behind which the node's port `http` (80), `https` (443) or `node` (30080) is."""
    return int(kind.record(shape)["ports"][name])


def load(*references: str, shape: str = "single") -> None:
    """Give the cluster's nodes images that the engine has, so that pods need not pull them."""
    if not own_context():
        _told(lambda: loading.load(shape, *references))


def add(addon: str, shape: str = "single") -> None:
    """Make it so that an add-on (`metrics-server`, `kyverno`, `istio`, `contour`, `metallb`) works in the cluster; the first time takes minutes, and shows progress.

    On a cluster of the learner's own nothing is installed: there it has to be there already.
    """
    if not own_context():
        # The background work makes ahead what a lesson names; everything else is made here.
        if builder.working() and addon in builder.lessons_want("addons"):
            readiness.stage(f"addon-{addon}")
        with line() as tell:
            _told(lambda: addons.ensure(addon, shape, tell))


def drop(addon: str, shape: str = "single") -> None:
    """Take an add-on away that would get in the way of other lessons; metrics-server stays."""
    if not own_context():
        _told(lambda: addons.remove(addon, shape))


def program(name: str) -> None:
    """Make sure that a program which only some lessons take (`cosign`) is in their PATH. Progress is shown."""
    if builder.working() and name in builder.lessons_want("programs"):
        readiness.stage(f"program-{name}")
    with line() as tell:
        tell(f"{name} (the first time it is built)")
        _told(lambda: programs.add(name))


def attach(container: str, shape: str = "single") -> str:
    """Let nodes and pods reach the registry that runs in this container; return its address in there
    (`store.localhost:5000`). If it is published on this machine, `localhost:PORT` is its name in both places. Raises CourseError when there is no such container, or the cluster is the learner's own."""
    if own_context():
        raise CourseError(
            "a cluster of your own can't reach a registry on this machine.", "push to one that it reaches."
        )
    return _told(lambda: local_registry.attach(container, shape))


def pause(shape: str = "single") -> None:
    """Freeze the cluster until the next `up`: it keeps its state and uses no CPU."""
    if not own_context():
        _told(lambda: kind.pause(shape))


def delete(shape: str = "single") -> None:
    """Remove the course's cluster of that shape."""
    _told(lambda: kind.delete(shape))


def kubeconfig(target: Path, context: str, namespace: str) -> Path:
    """Write a kubeconfig with just this context, and `namespace` as its default; return its path.

    Raises CourseError when there is no such context. The file it is taken from is only read.
    """
    own = os.environ.get("COURSE_KUBECONFIG") or str(Path.home() / ".kube" / "config")
    source = Path(own if own_context() else paths.state() / "kubeconfig")
    try:
        known = yaml.safe_load(source.read_text())
        entry = next(row for row in known["contexts"] if row["name"] == context)
    except (OSError, StopIteration, KeyError, TypeError, yaml.YAMLError):
        raise CourseError(f"there is no context '{context}' in {source}.", "`kubectl config get-contexts`") from None
    chosen = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {**entry["context"], "namespace": namespace}}],
        "clusters": [row for row in known["clusters"] if row["name"] == entry["context"]["cluster"]],
        "users": [row for row in known["users"] if row["name"] == entry["context"]["user"]],
    }
    files.write_atomically(target, yaml.safe_dump(chosen))
    return target
