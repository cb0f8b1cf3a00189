"""A lesson's share of a Kubernetes cluster: a namespace of its own, a kubeconfig that leads there, its images in the nodes."""

import os
from pathlib import Path
from typing import Any

from environment import files, paths
from environment.cluster import local_registry
from environment.images import supply
from helpers import clusters, images, kube, namespaces
from helpers.errors import CourseError


def namespace_of(lesson: str) -> str:
    """`4-03-deployments` works in the namespace `deployments`."""
    return lesson.split("-", 2)[-1]


def shape_of(metadata: dict[str, Any]) -> str:
    """The cluster shape that a lesson asks for."""
    return str(metadata.get("shape", "single"))


def _kubeconfig(folder: Path) -> Path:
    """The lesson's kubeconfig. On a prepared cluster learner and judge have different ones, and share the lesson's folder."""
    return paths.state() / "kubeconfig-of-lesson" if clusters.prepared() else folder / "kubeconfig"


def bring_up(name: str, metadata: dict[str, Any], folder: Path) -> None:
    """Make the cluster, the lesson's images in it, its kubeconfig and its namespace so.

    Raises CourseError when one can't be had; then nothing was created that `clean` would not find.
    """
    if metadata.get("nodes") and clusters.own_context() and not clusters.prepared():
        raise CourseError(
            "this lesson takes a cluster's nodes apart, and yours is left in peace.",
            "start the lab without COURSE_CONTEXT: the course makes a cluster of its own.",
        )
    context = clusters.up(shape_of(metadata))
    os.environ["KUBECONFIG"] = str(clusters.kubeconfig(_kubeconfig(folder), context, namespace_of(name)))
    if not clusters.prepared():
        _furnish(metadata)
        namespaces.ensure(namespace_of(name), security=metadata.get("security", ""))


def _furnish(metadata: dict[str, Any]) -> None:
    """The lesson's images, programs and add-ons."""
    references = [images.pull(one).reference for one in metadata.get("images", [])]
    references += [images.shop_image(version).reference for version in metadata.get("shop", [])]
    if references and clusters.own_context():
        print(f"Your cluster has to have these images, or to reach a registry that does: {', '.join(references)}")
    elif references:
        clusters.load(*references, shape=shape_of(metadata))
    for program in metadata.get("programs", []):
        clusters.program(program)
    for addon in metadata.get("addons", []):
        clusters.add(addon, shape_of(metadata))
    if metadata.get("addons"):
        kube.forget_kinds()


def environment(name: str, metadata: dict[str, Any], folder: Path) -> dict[str, str]:
    """Variables for `%%bash` cells: `kubectl` works in the lesson's namespace; `$NODE` is the first node."""
    found = {"KUBECONFIG": str(_kubeconfig(folder)), "NAMESPACE": namespace_of(name)}
    if not clusters.own_context():
        shape = shape_of(metadata)
        found["NODE"] = clusters.nodes(shape)[0]
        found |= {f"{port.upper()}_PORT": str(clusters.port(port, shape)) for port in ("http", "https", "node")}
    return found


def clean(name: str, metadata: dict[str, Any], folder: Path, *, last: bool, used: set[str]) -> None:
    """Empty the lesson's namespace and remove what else it made, but for the add-ons `used` by other open lessons; with
    `last`, let the cluster rest (or drop a big one)."""
    if not (folder / "kubeconfig").exists():
        return
    os.environ["KUBECONFIG"] = str(folder / "kubeconfig")
    clusters.up(shape_of(metadata))
    for place in metadata.get("names", {}).get("files", []):
        # A static pod comes back as long as its file lies on the node.
        for node in clusters.nodes(shape_of(metadata)):
            supply.docker("exec", node, "rm", "--recursive", "--force", place)
    if not clusters.own_context():
        record = files.read_json(folder / "record.json", {})
        local_registry.forget(record.get("ports", {}).values(), shape_of(metadata))
    namespaces.reset(namespace_of(name))
    for kind, names in metadata.get("names", {}).get("cluster", {}).items():
        for one in names:
            kube.delete(kind, one)
    for addon in metadata.get("addons", []):
        if addon not in used:
            clusters.drop(addon, shape_of(metadata))
    if metadata.get("addons"):
        kube.forget_kinds()
    if last and shape_of(metadata) == "single":
        clusters.pause("single")
    elif last:
        clusters.delete(shape_of(metadata))
