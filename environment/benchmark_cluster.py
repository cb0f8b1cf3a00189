"""The measures of the cluster: how long from nothing to a pod's first answered request, and what comes after that."""

import contextlib
import io
import itertools
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from environment import console, labenv
from environment.benchmark import timed
from environment.cluster import kind, loading

_LESSON = "4-03-deployments"
_NAMESPACE = "bench"


def _pod(name: str, node: str, command: str) -> dict[str, Any]:
    box = {"name": "box", "image": "busybox:1.37", "command": ["sh", "-c", command]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"nodeName": node, "restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [box]},
    }


def _first_request(shape: str) -> None:
    """A server, a Service, a client that asks for it by name – on another node, where there is one."""
    nodes = sorted(kind.nodes(shape))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "server"},
        "spec": {"selector": {"app": "server"}, "ports": [{"port": 80}]},
    }
    items = [
        service,
        _pod("server", nodes[0], "mkdir /www; echo hello > /www/index.html; httpd -f -h /www"),
        _pod("client", nodes[-1], "until wget -qO- -T 1 http://server; do sleep 0.1; done"),
    ]
    command = ["kubectl", "--context", kind.context_of(shape)]
    told = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    deadline = time.monotonic() + 30
    # Pods are refused until the controllers made their namespace's service account.
    apply = [*command, "apply", "-f", "-"]
    # In the lab's environment: an open lesson has a kubeconfig of its own, which knows its own cluster only.
    while subprocess.run(apply, input=told, text=True, capture_output=True, env=labenv.lab()).returncode:
        if time.monotonic() > deadline:
            raise RuntimeError("the cluster accepted no pods within 30 s")
        time.sleep(0.1)
    kind.kubectl(shape, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/client", "--timeout=60s", seconds=65)


def _cold(shape: str) -> float:
    """From `kind create` to the answered request; the phases are told."""
    kind.delete(shape)
    marks = [("begin", time.perf_counter())]
    kind.create(shape, lambda text: marks.append((text, time.perf_counter())))
    marks.append(("the image into the nodes", time.perf_counter()))
    loading.load(shape, "busybox:1.37")
    marks.append(("a pod's first request", time.perf_counter()))
    _first_request(shape)
    marks.append(("", time.perf_counter()))
    parts = [f"{text} {after - at:.1f}" for (text, at), (_, after) in itertools.pairwise(marks) if after - at >= 0.2]
    console.say(f"  {shape}: {' · '.join(parts)}")
    if shape != "single":
        kind.delete(shape)
    return marks[-1][1] - marks[0][1]


def _open(*, paused: bool) -> float:
    from helpers import clusters, lessons

    lessons.open(_LESSON)  # the images of the lesson are in the nodes from now on
    if paused:
        clusters.pause()
    return timed(lambda: lessons.open(_LESSON))


def _in_namespace(act: Callable[[], float]) -> float:
    from helpers import clusters, namespaces

    with tempfile.TemporaryDirectory() as folder:
        before = os.environ["KUBECONFIG"]
        os.environ["KUBECONFIG"] = str(clusters.kubeconfig(Path(folder) / "config", clusters.up(), _NAMESPACE))
        try:
            namespaces.ensure(_NAMESPACE)
            return act()
        finally:
            os.environ["KUBECONFIG"] = before


def _filled() -> None:
    from helpers import kube

    boxes = _pod("web", "", "sleep 600")["spec"]["containers"]
    pods = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": boxes}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": pods}
    kube.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    kube.wait_for(
        "Deployment", "web", lambda now: now.get("status", {}).get("readyReplicas") == 2, "to be ready", timeout=60
    )


def _reset() -> float:
    from helpers import namespaces

    _filled()
    return timed(lambda: namespaces.reset(_NAMESPACE))


def _check(*, wrong: bool) -> float:
    from helpers.checks import verify
    from helpers.checks.workloads import deployment

    _filled()
    look = deployment("missing" if wrong else "web")
    with contextlib.redirect_stdout(io.StringIO()):
        return timed(lambda: verify(look.is_available(2), look.runs_image("busybox:1.37")))


#: name → what is measured, target in seconds, repetitions, the measurement
MEASURES: dict[str, tuple[str, float, int, Callable[[], float]]] = {
    "cluster": ("kind create → a new pod's request to a Service answers", 15.0, 5, lambda: _cold("single")),
    "open": ("`lessons.open` on the kept cluster", 1.0, 20, lambda: _open(paused=False)),
    "wake": ("`lessons.open` after the cluster was paused", 3.0, 5, lambda: _open(paused=True)),
    "namespace": ("reset of a namespace", 2.0, 20, lambda: _in_namespace(_reset)),
    "kube-check": (
        "Kubernetes check, state already right",
        0.3,
        20,
        lambda: _in_namespace(lambda: _check(wrong=False)),
    ),
    "kube-wrong": ("Kubernetes check, wrong for good", 2.0, 20, lambda: _in_namespace(lambda: _check(wrong=True))),
    "three-nodes": ("the same with three nodes, across nodes", 30.0, 5, lambda: _cold("three-nodes")),
}
