"""Expectations about whom a pod reaches: tried from inside its network, whatever tools it has."""

import json
from dataclasses import dataclass

from helpers import clusters, kube, pods
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import CannotTell, CourseError, NotFound
from helpers.manifests import Object

_POLICIES = "`kubectl get networkpolicies -o yaml`: whom do they choose, what do they let through?"
_SECONDS = 2
#: Rules reach the nodes a moment after they are applied, in seconds.
_YOUNG = 3.0
#: curl's statuses: an answer or a greeting came, the other side refused, nothing came.
_ANSWERED, _REFUSED, _SILENT = {0, 1, 52, 56}, {7}, {28}


@dataclass(frozen=True)
class Tried:
    """What came of trying: `open` – something listens there –, or in words why not."""

    open: bool
    words: str


def _address(target: str) -> str:
    """Where a Service of the namespace, or a pod, is. Raises NotFound."""
    try:
        found = kube.get("Service", target)["spec"].get("clusterIP", "None")
    except NotFound:
        found = kube.get("Pod", target).get("status", {}).get("podIP", "None")
    if found == "None":
        raise CourseError(f"'{target}' has no address yet")
    return str(found)


def _inside(pod: Object) -> list[str]:
    """Words that run a command in the pod's network, on its node. Raises CourseError when the pod does not run."""
    statuses = pod.get("status", {}).get("containerStatuses") or []
    running = [one for one in statuses if "running" in one.get("state", {})]
    if not running:
        raise CourseError(f"pod '{pod['metadata']['name']}' does not run, so nothing can be asked from it")
    box = str(running[0]["containerID"]).rpartition("/")[2]
    told = json.loads(clusters.on_node("crictl", "inspect", box, node=pod["spec"]["nodeName"]))
    return ["nsenter", "--target", str(told["info"]["pid"]), "--net"]


def attempt(pod: Object, target: str, port: int) -> Tried:
    """Connect from the pod to a Service or pod of the namespace, over TCP."""
    words = ["curl", "--silent", "--max-time", str(_SECONDS), "--output", "/dev/null", f"{_address(target)}:{port}"]
    script = " ".join([*_inside(pod), *words]) + "; echo $?"
    status = int(clusters.on_node("sh", "-c", script, node=pod["spec"]["nodeName"]).strip().splitlines()[-1])
    if status in _ANSWERED:
        return Tried(True, "it is answered")
    if status in _REFUSED:
        return Tried(False, "the connection is refused")
    if status in _SILENT:
        return Tried(False, f"nothing comes back within {_SECONDS} s")
    raise CannotTell(f"the connection could not be tried (curl's status {status}).", "run this cell again.")


class ReachCheck:
    """What can be expected of connections from the pod with the label app=`app`."""

    def __init__(self, app: str) -> None:
        self._app = app

    def _look(self, target: str, port: int, *, wanted: bool) -> Seen:
        found = [one for one in kube.ls("Pod", selector=f"app={self._app}") if pods.is_ready(one)]
        if not found:
            return Seen(False, f"there is no pod with the label app={self._app} that is ready")
        seen = attempt(found[0], target, port)
        changed = [pods.untouched(one) for one in kube.ls("NetworkPolicy")]
        young = min(changed, default=_YOUNG) < _YOUNG
        return Seen(seen.open == wanted, f"{self._app} tries {target}:{port}: {seen.words}", moving=young, patience=2.5)

    def reaches(self, target: str, port: int, points: float = 1, hint: str = _POLICIES) -> Expectation:
        """It can connect to this Service or pod."""
        words = f"{self._app} reaches {target} on port {port}"
        return Expectation(words, lambda: self._look(target, port, wanted=True), points, hint)

    def cannot_reach(
        self, target: str, port: int, points: float = 1, hint: str = _POLICIES, *, while_reached_by: str
    ) -> Expectation:
        """It can't connect, though the pod with the label app=`while_reached_by` can: something listens there."""

        def look() -> Seen:
            other = ReachCheck(while_reached_by)._look(target, port, wanted=True)
            if not other.ok:
                return Seen(False, other.text, other.moving, patience=other.patience)
            return self._look(target, port, wanted=False)

        words = f"{self._app} can't reach {target} on port {port}, while {while_reached_by} can"
        return Expectation(words, look, points, hint)


def traffic_from(app: str) -> ReachCheck:
    """What can be expected of connections from a pod: `traffic_from("web").reaches("db", 5432)`."""
    return ReachCheck(app)
