"""The players of the mesh lessons: small Deployments that call and answer, each with a service account of its own name, and the
Services before them."""

import secrets
from typing import Any

from helpers import kube
from helpers.manifests import Object

SHOP_PORT = 8000
NO_PROXY = {"sidecar.istio.io/inject": "false"}


def _deployment(
    name: str, labels: dict[str, str], container: dict[str, Any], *, proxy: bool, volumes: list[Object]
) -> None:
    app = {"app": labels["app"]} | ({"version": labels["version"]} if "version" in labels else {})
    pod = {
        "serviceAccountName": name,
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "main", **container}],
        "volumes": volumes,
    }
    template = {"metadata": {"labels": {**labels, **({} if proxy else NO_PROXY)}}, "spec": pod}
    kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    spec = {"selector": {"matchLabels": app}, "template": template}
    kube.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})


def _probe(path: str, port: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 1}


def shop(
    name: str, release: str = "v1", *, part: str = "api", app: str = "", proxy: bool = True, **labels: str
) -> None:
    """Run a part of the shop (`api` or `web`) in this release, with the labels app=`app` (its name, if none is given) and
    `labels`; several versions of one app also need the label `version`."""
    path = "/readyz" if part == "api" else "/healthz"
    box = {"image": f"shop:{release}", "args": [part], "readinessProbe": _probe(path, SHOP_PORT)}
    _deployment(name, {"app": app or name, **labels}, box, proxy=proxy, volumes=[])


def caller(name: str, *, proxy: bool = True) -> None:
    """Run a pod that does nothing, and has curl and jq to make calls with."""
    script = "trap exit TERM; sleep infinity & wait"
    box = {"image": "course/clients:1", "command": ["sh", "-c", script]}
    _deployment(name, {"app": name}, box, proxy=proxy, volumes=[])


def store(name: str, image: str, port: int, ready: str, *, config: str = "") -> None:
    """Run a program that collects what proxies see, without a proxy, and a Service before it. `ready` is the path of its
    readiness probe, `config` a ConfigMap that it finds in /etc/NAME."""
    box: dict[str, Any] = {"image": image, "readinessProbe": _probe(ready, port)}
    if config:
        box["volumeMounts"] = [{"name": "config", "mountPath": f"/etc/{name}"}]
    volumes = [{"name": "config", "configMap": {"name": config}}] if config else []
    _deployment(name, {"app": name}, box, proxy=False, volumes=volumes)
    door(name, port=port)


def door(name: str, *, port: int = SHOP_PORT, **labels: str) -> None:
    """A Service before the pods with these labels (app=`name`, if none are given)."""
    spec = {"selector": labels or {"app": name}, "ports": [{"name": "http", "port": port}]}
    kube.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


def split(host: str, **weights: int) -> None:
    """Share the calls to `host` among the versions by these weights, with a DestinationRule and a VirtualService."""
    group, named = "networking.istio.io/v1", {"name": host}
    subsets = [{"name": version, "labels": {"version": version}} for version in weights]
    rule = {"host": host, "subsets": subsets}
    kube.apply({"apiVersion": group, "kind": "DestinationRule", "metadata": named, "spec": rule})
    parts = [{"destination": {"host": host, "subset": one}, "weight": weight} for one, weight in weights.items()]
    routes = {"hosts": [host], "http": [{"route": parts}]}
    kube.apply({"apiVersion": group, "kind": "VirtualService", "metadata": named, "spec": routes})


def limit(app: str, *, calls: int, seconds: int) -> None:
    """Let the proxies of this app pass so many calls in so many seconds on, and answer 429 to the others."""
    kind = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    bucket = {"max_tokens": calls, "tokens_per_fill": calls, "fill_interval": f"{seconds}s"}
    settings = {"@type": kind, "stat_prefix": app, "token_bucket": bucket}
    settings |= {"filter_enabled": always, "filter_enforced": always}
    value = {"name": "envoy.filters.http.local_ratelimit", "typed_config": settings}
    manager = {"filter": {"name": "envoy.filters.network.http_connection_manager"}}
    place = {"context": "SIDECAR_INBOUND", "listener": {"filterChain": manager}}
    patch = {"applyTo": "HTTP_FILTER", "match": place, "patch": {"operation": "INSERT_BEFORE", "value": value}}
    spec = {"workloadSelector": {"labels": {"app": app}}, "configPatches": [patch]}
    named = {"name": f"{app}-limit"}
    kube.apply({"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": named, "spec": spec})


def renew(*names: str) -> None:
    """Make the pods of these Deployments anew, as `kubectl rollout restart` does."""
    for name in names:
        stamp = {"metadata": {"annotations": {"renewed": secrets.token_hex(4)}}}
        kube.patch("Deployment", name, {"spec": {"template": stamp}})


def ready(*, timeout: float = 120) -> None:
    """Wait until all Deployments here run as they are described, and nothing of an earlier description is left."""

    def settled(found: Object) -> bool:
        status, wanted = found.get("status", {}), found["spec"].get("replicas", 1)
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
        return bool(status.get("observedGeneration") == found["metadata"]["generation"] and counts == [wanted] * 3)

    for one in kube.ls("Deployment"):
        kube.wait_for("Deployment", one["metadata"]["name"], settled, "to be ready", timeout=timeout)
