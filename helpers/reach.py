"""Requests through a Service, on the way that a pod's requests take."""

import urllib3.exceptions
from kubernetes.client.exceptions import ApiException

from environment.errors import EnvironmentProblem
from helpers import clusters, kube, subresources
from helpers.connection import told
from helpers.errors import CourseError
from helpers.manifests import Object

#: Short: a connection opened before kube-proxy's rules are there never succeeds, a new one does.
_SECONDS = 1.5


class NoAnswer(CourseError):
    """Nothing stands behind the Service, or what does refuses the connection."""


def _targets(found: Object, port: int | str) -> list[str]:
    """Where the Service is: its address; for a headless one (or one that has none), its endpoints' addresses."""
    ports = found["spec"].get("ports") or []
    chosen = next(
        (one for one in ports if port in {one["port"], one.get("name")}), ports[0] if ports and not port else None
    )
    if not chosen:
        raise NoAnswer(f"Service '{found['metadata']['name']}' has no port {port}")
    address = found["spec"].get("clusterIP", "None")
    if address != "None":
        return [f"{address}:{chosen['port']}"]
    selector = f"kubernetes.io/service-name={found['metadata']['name']}"
    slices = kube.ls("EndpointSlice", selector=selector, namespace=found["metadata"]["namespace"])
    return [
        f"{address}:{row['port']}"
        for one in slices
        for endpoint in one.get("endpoints") or []
        for address in endpoint["addresses"]
        for row in one.get("ports") or []
    ]


def through_service(name: str, path: str = "/", *, port: int | str = "", namespace: str | None = None) -> str:
    """What a pod behind the Service answers to a GET. Asked from the node, through the rules that kube-proxy wrote; on a
    cluster of the learner's own, through the API server (which only knows pods that a controller found).

    Raises NotFound, and NoAnswer when nothing answers well.
    """
    found = kube.get("Service", name, namespace=namespace)
    if clusters.own_context():
        return _by_api(found, path, port)
    targets = _targets(found, port)
    if not targets:
        raise NoAnswer(f"Service '{name}' leads to no pod")
    words = ["curl", "--silent", "--show-error", "--max-time", str(_SECONDS), "--fail", f"http://{targets[0]}{path}"]
    try:
        return clusters.on_node(*words, shape=clusters.current_shape())
    except CourseError as error:
        raise NoAnswer(f"nothing behind Service '{name}' answers well: {_reason(error)}") from None


def _reason(error: CourseError | EnvironmentProblem) -> str:
    lines = [line.strip() for line in error.what.splitlines() if line.strip()]
    return lines[-1].removeprefix("curl: ")[:200]


def _by_api(found: Object, path: str, port: int | str) -> str:
    name = found["metadata"]["name"]
    target = f"{name}:{port}" if port else name
    place = subresources.path_of("services", target, found["metadata"]["namespace"], "proxy")
    try:
        reply = kube.client().request("GET", place + path, serialize=False, _request_timeout=_SECONDS)
    except ApiException as error:
        if error.status in {502, 503, 504}:
            raise NoAnswer(f"nothing behind Service '{name}' answers: {told(error, name).what}") from None
        raise NoAnswer(f"Service '{name}' answers {error.status} on {path}") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NoAnswer(f"nothing behind Service '{name}' answered in time ({type(error).__name__})") from None
    return str(reply.data.decode(errors="replace"))
