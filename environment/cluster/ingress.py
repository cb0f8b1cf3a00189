"""Contour, which speaks Ingress and the Gateway API: its manifest, upstream's own as its Go module ships it, fitted for kind."""

from pathlib import Path
from typing import Any

from environment import versions
from environment.cluster import shipped

IMAGES = ("contour", "envoy")
_SHIPPED = "examples/render/contour-gateway.yaml"
#: The name by which Ingresses (`ingressClassName`) and Gateways (`gatewayClassName`) ask for it.
CLASS = "contour"
#: With a Gateway, Contour takes its ports from there – also the one for Ingresses, which bring certificates of their own. A
#: listener of somebody's HTTPRoutes goes beside it, with a `hostname`.
_TLS_OF_INGRESSES = {
    "name": "https-of-ingresses",
    "protocol": "projectcontour.io/https",
    "port": 443,
    "allowedRoutes": {"namespaces": {"from": "All"}},
}
_INGRESS_CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": CLASS, "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
    "spec": {"controller": "projectcontour.io/ingress-controller"},
}


def _is_gateway_api(document: dict[str, Any]) -> bool:
    """Whether it is a kind of the Gateway API: other add-ons may need those, too."""
    name = str(document["metadata"]["name"])
    return document["kind"] == "CustomResourceDefinition" and ".gateway.networking." in name


def _fitted(document: dict[str, Any]) -> dict[str, Any]:
    """Fitted for one small cluster: one controller, proxies on every node, ready as soon as they are, and gone at once."""
    what, spec = document["kind"], document.get("spec", {})
    if what == "GatewayClass":
        document["metadata"]["name"] = CLASS
    elif what == "Gateway":
        spec["gatewayClassName"] = CLASS
        spec["listeners"].append(_TLS_OF_INGRESSES)
    elif what == "Deployment":
        spec["replicas"] = 1
        pod = spec["template"]["spec"]
        del pod["affinity"]
        pod["containers"][0]["readinessProbe"] |= {"initialDelaySeconds": 1, "periodSeconds": 1}
    elif what == "DaemonSet":
        pod = spec["template"]["spec"]
        # The published ports lead to the control plane's node.
        pod["tolerations"] = [{"operator": "Exists"}]
        # Nobody's calls are drained here: the shutdown manager would only keep every removal waiting.
        (proxy,) = [box for box in pod["containers"] if box["name"] == "envoy"]
        pod["containers"], pod["terminationGracePeriodSeconds"] = [proxy], 1
        del proxy["lifecycle"]
        proxy["image"] = versions.image("envoy")
        proxy["readinessProbe"] |= {"initialDelaySeconds": 1, "periodSeconds": 1}
    return document


def _program(documents: shipped.Documents) -> shipped.Documents:
    return [*(_fitted(one) for one in documents if not _is_gateway_api(one)), _INGRESS_CLASS]


def _kinds(documents: shipped.Documents) -> shipped.Documents:
    return [one for one in documents if _is_gateway_api(one)]


def manifest() -> Path:
    """The file with all that makes Contour run, but for the kinds of the Gateway API.

    Raises EnvironmentProblem when its Go module can't be had.
    """
    made_by = (Path(__file__).read_bytes(), versions.image("envoy"))
    return shipped.manifest("contour", "contour", _SHIPPED, _program, *made_by)


def kinds() -> Path:
    """The file with the kinds of the Gateway API that this Contour knows. Raises as `manifest` does."""
    return shipped.manifest("contour-kinds", "contour", _SHIPPED, _kinds, Path(__file__).read_bytes())
