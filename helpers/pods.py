"""What a pod is going through, in words: is it still on its way, or in trouble that time won't cure?"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from helpers import kube
from helpers.errors import CourseError
from helpers.manifests import Object

#: Waiting reasons that do not go away by waiting, with what they mean.
STUCK = {
    "ErrImagePull": "its image cannot be had",
    "ImagePullBackOff": "its image cannot be had",
    "ErrImageNeverPull": "its image is not on the node, and it may not be pulled",
    "InvalidImageName": "its image's name is malformed",
    "CrashLoopBackOff": "its program ends again and again",
    "CreateContainerConfigError": "its configuration cannot be used",
    "CreateContainerError": "its container cannot be created",
    "RunContainerError": "its program cannot be started",
}
_SETTLING = 2.0
#: A liveness probe that is to find something out has done so by then, in seconds after the pod was made.
PROBED_WITHIN = 20.0
#: What is said when only a moment longer is needed: with cgroup v1 a busy node at times cannot freeze a new container, or set a
#: pod's network up; the kubelet may not have read yet what a pod mounts; a registry was slow; a node has just come back. It is
#: tried again by itself: so long, in seconds after the pod was made, we wait.
_PASSING = re.compile(
    "unable to freeze|FailedCreatePodSandBox|timed out waiting for the condition"
    r"|dial tcp \S+:\d+: i/o timeout|TLS handshake timeout|connection reset by peer"
    r"|node\.kubernetes\.io/(not-ready|unreachable)"
)
_TRIED_AGAIN = 40.0


@dataclass(frozen=True)
class State:
    """A pod's state in words. `moving`: it may still become ready by itself. `evidence`: an event or log line."""

    ready: bool
    text: str
    moving: bool = False
    evidence: str = ""


def age(stamp: str | None) -> float:
    """Seconds since an RFC 3339 time of the API; 0 where there is none."""
    if not stamp:
        return 0.0
    return max((datetime.now(UTC) - datetime.fromisoformat(str(stamp).replace("Z", "+00:00"))).total_seconds(), 0.0)


def untouched(found: Object) -> float:
    """Seconds since an object of any kind was last written, by whomever."""
    stamps = [str(row.get("time", "")) for row in found["metadata"].get("managedFields") or []]
    return age(max([*stamps, str(found["metadata"]["creationTimestamp"])]))


def last_warning(pod: Object) -> str:
    """The reason and message of the pod's latest warning event; empty where there is none."""
    found = [one for one in kube.events_of(pod) if one.get("type") == "Warning"]
    return f"{found[-1]['reason']}: {found[-1]['message']}" if found else ""


def _passes(message: str, old: float) -> bool:
    """Whether the cluster, `old` seconds after the pod was made, may still get over what the message says."""
    return old < _TRIED_AGAIN and bool(_PASSING.search(message))


def _statuses(pod: Object) -> list[dict[str, Any]]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition holds (and it is not being deleted)."""
    conditions = pod.get("status", {}).get("conditions") or []
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def restarts(pod: Object) -> int:
    """How often its containers were restarted, all together."""
    return sum(int(one.get("restartCount", 0)) for one in _statuses(pod))


def may_be_restarted(pod: Object) -> bool:
    """Whether a liveness probe may still find out, soon, that one of its containers must be restarted."""
    probed = any(one.get("livenessProbe") for one in pod["spec"]["containers"])
    return probed and age(pod["metadata"]["creationTimestamp"]) < PROBED_WITHIN


def _probe_budget(container: dict[str, Any]) -> float:
    """Seconds within which the container's probes must have let it become ready, if they ever do."""
    total = 3.0
    for name in ("startupProbe", "readinessProbe"):
        probe = container.get(name)
        if probe:
            tries = probe.get("failureThreshold", 3) if name == "startupProbe" else 2
            total += probe.get("initialDelaySeconds", 0) + probe.get("periodSeconds", 10) * tries
    return total


def _stuck(pod: Object) -> State | None:
    """The trouble that waiting does not cure, if there is any."""
    name, old = pod["metadata"]["name"], age(pod["metadata"]["creationTimestamp"])
    for one in _statuses(pod):
        waiting = one.get("state", {}).get("waiting") or {}
        reason, message = waiting.get("reason", ""), str(waiting.get("message", ""))
        if reason in STUCK and not _passes(message, old):
            last = one.get("lastState", {}).get("terminated") or {}
            code = f" (it last ended with status {last['exitCode']})" if last else ""
            evidence = message if not last else _last_line(name, one["name"])
            return State(False, f"container '{one['name']}' is in {reason}: {STUCK[reason]}{code}", evidence=evidence)
    for one in pod.get("status", {}).get("conditions") or []:
        message = str(one.get("message", ""))
        unplaced = one["type"] == "PodScheduled" and one["status"] == "False"
        if unplaced and old > _SETTLING and not _passes(message, old):
            return State(False, "no node takes it", evidence=message)
    return None


def _last_line(pod: str, container: str) -> str:
    """The last thing the container's earlier run wrote; empty where the log is gone."""
    try:
        lines = kube.logs(pod, container=container, tail=3, previous=True).strip().splitlines()
    except CourseError:
        return ""
    return lines[-1] if lines else ""


def state(pod: Object) -> State:
    """What the pod is going through."""
    name, phase = pod["metadata"]["name"], pod.get("status", {}).get("phase", "Pending")
    if is_ready(pod):
        return State(True, f"pod '{name}' is ready")
    if pod["metadata"].get("deletionTimestamp"):
        return State(False, f"pod '{name}' is being deleted", moving=True)
    if phase in {"Succeeded", "Failed"}:
        codes = [str((one.get("state", {}).get("terminated") or {}).get("exitCode", "?")) for one in _statuses(pod)]
        return State(False, f"pod '{name}' has ended ({phase}, exit status {', '.join(codes)})")
    stuck = _stuck(pod)
    if stuck:
        return State(False, f"pod '{name}': {stuck.text}", evidence=stuck.evidence or last_warning(pod))
    old = age(pod["metadata"]["creationTimestamp"])
    if phase != "Running":
        warning = last_warning(pod)
        failed = warning.startswith(("FailedMount", "FailedCreatePodSandBox")) and not _passes(warning, old)
        moving = not failed or old <= _SETTLING
        return State(False, f"pod '{name}' has been {phase} for {old:.1f} s", moving=moving, evidence=warning)
    return _running(pod, name)


def _running(pod: Object, name: str) -> State:
    """The state of a pod whose containers run but are not all ready."""
    specs = {one["name"]: one for one in [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]}
    for one in _statuses(pod):
        running = one.get("state", {}).get("running")
        if running and not one.get("ready"):
            since = age(running.get("startedAt"))
            text = f"pod '{name}': container '{one['name']}' has run for {since:.1f} s and is not ready"
            return State(False, text, moving=since < _probe_budget(specs[one["name"]]), evidence=last_warning(pod))
    ended = next(
        (one for one in _statuses(pod) if one.get("state", {}).get("terminated") and not one.get("ready")), None
    )
    if ended:
        finished, again = ended["state"]["terminated"], int(ended.get("restartCount", 0))
        if again:
            text = f"pod '{name}': container '{ended['name']}': {STUCK['CrashLoopBackOff']} (with status {finished['exitCode']})"
            return State(False, text, evidence=_last_line(name, ended["name"]))
        text = f"pod '{name}': container '{ended['name']}' ended with status {finished.get('exitCode')}"
        return State(False, text, moving=age(finished.get("finishedAt")) < _SETTLING, evidence=last_warning(pod))
    return State(
        False, f"pod '{name}' runs and is not ready yet", moving=age(pod["metadata"]["creationTimestamp"]) < 30
    )
