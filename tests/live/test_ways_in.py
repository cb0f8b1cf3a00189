"""Ways into the cluster: Ingress and HTTPRoute, with TLS, and a Service with an address of its own."""

import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from environment import labenv
from environment.cluster import kind
from helpers import clusters, images, kube, wait
from helpers.checks import verify
from helpers.checks.doors import way_in
from tests.live import on_cluster

pytestmark = pytest.mark.usefixtures("engine")


def _everywhere() -> set[str]:
    kinds = "customresourcedefinitions,clusterroles,clusterrolebindings,namespaces,validatingwebhookconfigurations,ingressclasses"
    return set(kind.kubectl("single", "get", kinds, "--output", "name").split())


def _certificate(host: str) -> dict[str, str]:
    """A certificate for `host`, signed by itself, and its key."""
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={host}", "-addext"]
    command = ["docker", "run", "--rm", "course/clients:1", "openssl", *words, f"subjectAltName=DNS:{host}"]
    made = subprocess.run([*command, "-keyout", "-"], env=labenv.lab(), capture_output=True, text=True, check=True)
    key, mark, certificate = made.stdout.partition("-----BEGIN CERTIFICATE-----")
    return {"tls.crt": mark + certificate, "tls.key": key}


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Contour and MetalLB, and a web server with a certificate behind a Service; afterwards nothing of them is left."""
    images.pull("clients")
    with on_cluster.namespace("live-doors", tmp_path_factory.mktemp("doors"), "nginx"):
        clusters.drop("istio")
        before = _everywhere()
        clusters.add("contour")
        clusters.add("metallb")
        kube.apply(on_cluster.pod("web", "exec nginx -g 'daemon off;'", "nginx:1.26"))
        kube.apply(
            "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}"
        )
        for name in ("shop", "route"):
            secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{name}-tls"}}
            kube.apply({**secret, "type": "kubernetes.io/tls", "stringData": _certificate(f"{name}.example")})
        kube.wait_for("Pod", "web", lambda one: one["status"].get("phase") == "Running", "to run")
        yield
        clusters.drop("metallb")
        clusters.drop("contour")
        wait.until(lambda: _everywhere() == before, "the cluster to be as it was", timeout=30)


def test_an_ingress_answers_with_tls_and_a_wrong_one_is_told_what_is_wrong(doors: None) -> None:
    ingress = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: contour
  tls: [{hosts: [shop.example], secretName: shop-tls}]
  rules:
    - host: shop.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: SERVICE, port: {number: 80}}}}]}
"""
    assert verify(way_in("shop.example").answers("nginx")).points == 0
    kube.apply(ingress.replace("SERVICE", "wbe"))
    told = verify(way_in("shop.example").answers("nginx", trusting="shop-tls"))
    assert told.points == 0
    assert "the Service 'wbe', and there is none" in str(told)
    kube.apply(ingress.replace("SERVICE", "web"))
    assert verify(way_in("shop.example").answers("nginx", trusting="shop-tls", points=2)).points == 2
    kube.delete("Ingress", "shop")


def test_a_route_of_the_gateway_api_answers_with_tls(doors: None) -> None:
    route = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: contour, namespace: projectcontour}]
  hostnames: [route.example]
  rules: [{backendRefs: [{name: web, port: 80}]}]
"""
    grant = """
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: gateway}
spec:
  from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: projectcontour}]
  to: [{group: "", kind: Secret}]
"""
    kube.apply(grant)
    kube.apply("""
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: contour, namespace: projectcontour}
spec:
  gatewayClassName: contour
  listeners:
    - name: shop
      protocol: HTTPS
      port: 443
      hostname: route.example
      tls: {certificateRefs: [{name: route-tls, namespace: live-doors}]}
      allowedRoutes: {namespaces: {from: All}}
""")
    kube.apply(route)
    report = verify(
        way_in("route.example").answers("nginx", trusting="route-tls"), way_in("route.example").answers("nginx")
    )
    assert report.points == 2, str(report)
    told = verify(way_in("route.example").answers("nginx", trusting="shop-tls"))
    assert told.points == 0
    assert "another certificate is shown" in str(told)
    kube.delete("HTTPRoute", "shop")
    wait.until(lambda: verify(way_in("route.example").answers("nginx")).points == 0, "the route to be gone", timeout=10)


def test_a_service_gets_an_address_that_this_machine_reaches(doors: None) -> None:
    kube.apply("""
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
""")

    def address() -> str:
        given = kube.get("Service", "outside")["status"].get("loadBalancer", {}).get("ingress") or [{}]
        return str(given[0].get("ip", ""))

    where = wait.until(address, "an address", timeout=20)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def page() -> str:
        try:
            with opener.open(f"http://{where}/", timeout=2) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    assert "nginx" in wait.until(page, f"an answer at {where}", timeout=20)
