"""The mesh on the real thing: Istio comes, joins pods, proves who calls whom, and goes without a trace."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import console
from environment.cluster import kind
from environment.images import supply
from helpers import clusters, images, kube, mesh, mesh_rules, namespaces, players, proxies, wait
from helpers.checks import verify
from helpers.checks.meshed import calls, member
from helpers.errors import NotFound
from helpers.manifests import Object

pytestmark = pytest.mark.usefixtures("engine")
NAMESPACE = "live-mesh"
#: Kinds whose objects belong to no namespace, and what an add-on might leave in one.
EVERYWHERE = "customresourcedefinitions,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings,namespaces,configmaps"


def _route(host: str, version: str) -> list[Object]:
    subsets = [{"name": one, "labels": {"version": one}} for one in ("v1", "v2")]
    group = "networking.istio.io/v1"
    named = {"metadata": {"name": host}}
    rule = {"host": host, "subsets": subsets}
    routes = {"hosts": [host], "http": [{"route": [{"destination": {"host": host, "subset": version}}]}]}
    return [
        {"apiVersion": group, "kind": "DestinationRule", **named, "spec": rule},
        {"apiVersion": group, "kind": "VirtualService", **named, "spec": routes},
    ]


def _apply(*documents: Object) -> None:
    for one in documents:
        kube.apply(one)


def _everywhere() -> set[str]:
    shown = kind.kubectl("single", "get", EVERYWHERE, "--all-namespaces", "--output", "name")
    return {line for line in shown.split() if "live-mesh" not in line}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """The cluster with the mesh in it; yields what it had before."""
    folder = tmp_path_factory.mktemp("mesh")
    references = [images.pull("clients").reference, *(images.shop_image(one).reference for one in ("v1", "v2"))]
    kubeconfig, context = os.environ["KUBECONFIG"], clusters.up()
    clusters.drop("istio")
    known = _everywhere()
    os.environ["KUBECONFIG"] = str(clusters.kubeconfig(Path(folder) / "kubeconfig", context, NAMESPACE))
    clusters.load(*references)
    namespaces.ensure(NAMESPACE)
    mesh.join()
    for name in ("istio-pilot", "istio-proxy"):
        supply.ensure(name)
    clusters.add("istio")
    kube.forget_kinds()
    yield known
    clusters.drop("istio")
    kube.forget_kinds()
    namespaces.reset(NAMESPACE)
    kind.kubectl("single", "delete", "namespace", NAMESPACE, "--wait=false")
    os.environ["KUBECONFIG"] = kubeconfig
    clusters.pause()


def test_a_call_is_encrypted_soon_after_the_installation(before: set[str]) -> None:
    """Measure of the design: installed → first call proved to be mutual TLS, images present, within 60 s."""
    clusters.drop("istio")
    began = time.monotonic()
    clusters.add("istio")
    kube.forget_kinds()
    players.caller("visitor")
    players.shop("api", version="v1")
    players.door("api")
    players.ready()
    # Pods are ready a moment before every proxy has heard where the others are.
    address = "http://api:8000/api/version"
    wait.until(lambda: mesh.call("visitor", address, 1).statuses() == {200: 1}, "an answer", timeout=20)
    took = time.monotonic() - began

    def edge() -> proxies.Edge:
        return next(one for one in proxies.edges("visitor") if one.target == "api")

    known = edge()
    assert mesh.call("visitor", address, 10).statuses() == {200: 10}
    assert (edge().answers - known.answers, edge().failures - known.failures, edge().encrypted) == (10, 0, True)
    assert proxies.certificate("api").identity == f"spiffe://cluster.local/ns/{NAMESPACE}/sa/api"
    assert proxies.state("api") == "LIVE"
    console.record("mesh: from nothing installed to the first call by mutual TLS", took)
    assert took < 60, f"{took:.0f} s"


def test_a_rule_that_was_applied_while_istiod_was_away_holds(before: set[str]) -> None:
    players.shop("api-v2", "v2", app="api", version="v2")
    players.ready()
    scale = ["--namespace", "istio-system", "scale", "deployment", "istiod", "--replicas"]
    kind.kubectl("single", *scale, "0")
    gone = ["wait", "--for=delete", "pod", "--selector", "app=istiod", "--timeout=60s"]
    kind.kubectl("single", "--namespace", "istio-system", *gone, seconds=65)
    # Nobody is there to look at rules, so nobody is asked: what is applied now must not be refused or forgotten.
    hooks = "validatingwebhookconfigurations"
    names = kind.kubectl("single", "get", hooks, "--selector", "app=istiod", "--output", "name").split()
    for name in names:
        patch = '[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]'
        kind.kubectl("single", "patch", name, "--type=json", "--patch", patch)
    _apply(*_route("api", "v2"))
    kind.kubectl("single", *scale, "1")
    status = ["--namespace", "istio-system", "rollout", "status", "deployment/istiod", "--timeout=60s"]
    kind.kubectl("single", *status, seconds=65)
    deadline = time.monotonic() + 30
    while (seen := mesh.call("visitor", "http://api:8000/api/version", 10).versions()) != {"v2": 10}:
        assert time.monotonic() < deadline, seen
        time.sleep(0.5)


def test_who_has_no_proxy_is_told_so_and_a_strict_workload_refuses_it(before: set[str]) -> None:
    players.caller("stranger", proxy=False)
    players.ready()
    with pytest.raises(NotFound, match="has no proxy"):
        proxies.certificate("stranger")
    expectation = member("api").takes_only_the_mesh("visitor", "stranger")
    assert verify(expectation).points == 0
    # Kept away by the network, and yet plain text is taken: that is another answer to another question.
    ingress = [{"from": [{"podSelector": {"matchLabels": {"app": "visitor"}}}]}]
    chosen = {"podSelector": {"matchLabels": {"app": "api"}}, "ingress": ingress}
    _apply({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "api"}, "spec": chosen})
    deadline = time.monotonic() + 20
    while 200 in mesh.call("stranger", "http://api:8000/api/version").statuses():
        assert time.monotonic() < deadline, "the network policy does not hold"
    report = verify(expectation)
    assert report.points == 0, str(report)
    kube.delete("NetworkPolicy", "api")
    while mesh.call("stranger", "http://api:8000/api/version").statuses() != {200: 1}:
        assert time.monotonic() < deadline + 20
    spec = {"selector": {"matchLabels": {"app": "api"}}, "mtls": {"mode": "STRICT"}}
    _apply(
        {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"name": "api"}, "spec": spec}
    )
    assert verify(expectation).points == 1
    kube.delete("PeerAuthentication", "api")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"subset": "v9"}, "sends to the subset 'v9' of 'api', which no DestinationRule"),
        ({"host": "apis"}, "sends to the host 'apis', and there is no Service"),
    ],
)
def test_a_wrong_rule_is_named(before: set[str], change: dict[str, str], told: str) -> None:
    rule, service = _route("api", "v1")
    service["spec"]["http"][0]["route"][0]["destination"] |= change
    _apply(rule, service)
    report = verify(calls("api").split(v1=50, v2=50))
    assert (report.points, told in report.rows()[0]["evidence"]) == (0, True), str(report)
    _apply(*_route("api", "v1"))


def test_odd_weights_and_a_port_that_is_not_looked_into_are_named(before: set[str]) -> None:
    _, service = _route("api", "v1")
    route = service["spec"]["http"][0]["route"]
    service["spec"]["http"][0]["route"] = [{**route[0], "weight": 80}, {**route[0], "weight": 10}]
    _apply(service)
    port = {"name": "tcp-shop", "port": 8000}
    door = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"}}
    kube.delete("Service", "api")
    _apply({**door, "spec": {"selector": {"app": "api"}, "ports": [port]}})
    told = "; ".join(mesh_rules.faults("api"))
    assert "its weights 80 + 10 make 90, not 100" in told
    assert "named 'tcp-shop', so its traffic is not looked into" in told


def test_a_rule_in_another_namespace_is_named(before: set[str]) -> None:
    kube.delete("VirtualService", "api")
    _, service = _route("api", "v1")
    _apply({**service, "metadata": {"name": "api", "namespace": "default"}})
    try:
        told = "; ".join(mesh_rules.faults("api"))
        assert f"lies in the namespace 'default', not '{NAMESPACE}'" in told
    finally:
        kube.delete("VirtualService", "api", namespace="default")


def test_it_goes_without_a_trace(before: set[str]) -> None:
    clusters.drop("istio")
    assert _everywhere() - before == set()
    clusters.drop("istio")  # nothing happens where it is not
