"""The kinds of the Gateway API: a cluster has them once, whichever of its add-ons brought them, and until the last has gone."""

from pathlib import Path

from environment.cluster import kind

#: Namespaces of the add-ons that use them.
_USERS = ("istio-system", "projectcontour")


def bring(shape: str, kinds: Path) -> None:
    """Make them known to the cluster, or newer."""
    kind.kubectl(shape, "apply", "--server-side", "--force-conflicts", "-f", str(kinds), seconds=60)


def there(shape: str) -> bool:
    """Whether the cluster knows them."""
    words = ["get", "crd", "gateways.gateway.networking.k8s.io", "--ignore-not-found", "--output", "name"]
    return bool(kind.kubectl(shape, *words))


def take(shape: str, kinds: Path) -> None:
    """Take them away, with all routes and gateways, unless another add-on is there that uses them."""
    if not kind.kubectl(shape, "get", "namespace", *_USERS, "--ignore-not-found", "--output", "name"):
        words = ["delete", "-f", str(kinds), "--ignore-not-found", "--wait=true", "--timeout=60s"]
        kind.kubectl(shape, *words, seconds=65)
