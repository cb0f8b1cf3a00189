"""Three nodes: pods on different ones reach each other, policies hold between them, and a node can be emptied and come back."""

import os
from collections.abc import Iterator

import pytest

from environment import labenv
from environment.cluster import kind
from helpers import clusters, images, kube, namespaces, wait
from helpers.checks import verify
from helpers.checks.reachability import traffic_from
from helpers.checks.workloads import deployment
from tests.live import on_cluster

pytestmark = pytest.mark.usefixtures("engine")
SHAPE, NAMESPACE = "three-nodes", "live-nodes"


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A cluster of three nodes, made for this and deleted afterwards; yields its two workers."""
    before = os.environ.get("KUBECONFIG")
    os.environ.update(labenv.lab())
    context = clusters.up(SHAPE)
    try:
        clusters.load(*(images.pull(one).reference for one in ("busybox", "nginx")), shape=SHAPE)
        config = tmp_path_factory.mktemp("nodes") / "config"
        os.environ["KUBECONFIG"] = str(clusters.kubeconfig(config, context, NAMESPACE))
        namespaces.ensure(NAMESPACE)
        yield clusters.nodes(SHAPE)[1:]
    finally:
        os.environ["KUBECONFIG"] = before or labenv.lab()["KUBECONFIG"]
        clusters.delete(SHAPE)
    assert kind.nodes(SHAPE) == {}


def _run(name: str, node: str, command: str, image: str = "busybox:1.37") -> None:
    kube.apply(on_cluster.pod(name, command, image, nodeName=node))
    kube.wait_for("Pod", name, lambda one: one["status"].get("phase") == "Running", "to run")


def test_policies_hold_between_nodes_in_both_directions(workers: list[str]) -> None:
    _run("web", workers[0], "exec nginx -g 'daemon off;'", "nginx:1.26")
    kube.apply(
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}"
    )
    for name in ("friend", "stranger"):
        _run(name, workers[1], "sleep 600")
    reached = [traffic_from(one).reaches("web", 80) for one in ("friend", "stranger")]
    assert verify(*reached).points == 2
    kube.apply(on_cluster.only_friends("web"))
    apart = traffic_from("stranger").cannot_reach("web", 80, while_reached_by="friend")
    assert verify(apart).points == 1
    kube.delete("NetworkPolicy", "only-friends")
    kube.apply("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: stays-home}
spec: {podSelector: {matchLabels: {app: stranger}}, policyTypes: [Egress]}
""")
    assert verify(apart).points == 1


def test_a_node_is_emptied_and_comes_back(workers: list[str]) -> None:
    kind.kubectl(
        SHAPE, "--namespace", NAMESPACE, "create", "deployment", "spread", "--image=nginx:1.26", "--replicas=4"
    )
    assert verify(deployment("spread").is_available(4)).points == 1

    def where() -> set[str]:
        return {str(one["spec"].get("nodeName")) for one in kube.ls("Pod", selector="app=spread")}

    assert where() == set(workers)
    drain = ["drain", workers[0], "--ignore-daemonsets", "--force", "--delete-emptydir-data", "--timeout=60s"]
    kind.kubectl(SHAPE, *drain, seconds=65)
    wait.until(lambda: where() == {workers[1]}, "all pods to be on the other node", timeout=30)
    assert verify(deployment("spread").is_available(4)).points == 1
    kind.kubectl(SHAPE, "uncordon", workers[0])
    kind.kubectl(SHAPE, "--namespace", NAMESPACE, "scale", "deployment", "spread", "--replicas=8")
    wait.until(lambda: where() == set(workers), "new pods on the node that came back", timeout=30)
