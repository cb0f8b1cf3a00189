"""Brings kind clusters up, pauses them, repairs or replaces half-dead ones, and takes them away. Only those of the ledger
are ever touched; the kubeconfig is always the course's own."""

import contextlib
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from environment import console, files, labenv, paths
from environment.cluster import node_image
from environment.cluster.config import PUBLISHED, kind_config
from environment.errors import EnvironmentProblem
from environment.images import supply

#: shape → number of nodes. The last ones are for grading, one for each lab that works at the same time.
SHAPES = {"single": 1, "three-nodes": 3, **{f"grading-{slot}": 1 for slot in range(4)}}
NETWORK = "course-kind"
READY_SECONDS = 90.0
#: kind itself marks its containers with this.
_LABEL = "io.x-k8s.kind.cluster"
Tell = Callable[[str], None]


def name_of(shape: str) -> str:
    """The kind name of the course's cluster of that shape. Raises EnvironmentProblem for an unknown shape."""
    if shape not in SHAPES:
        raise EnvironmentProblem(f"there is no cluster shape '{shape}'.", f"one of: {', '.join(SHAPES)}")
    return f"course-{shape}"


def context_of(shape: str) -> str:
    """The kubeconfig context of that cluster."""
    return f"kind-{name_of(shape)}"


def _record(shape: str) -> Path:
    return paths.state() / "clusters" / f"{shape}.json"


def record(shape: str) -> dict[str, Any]:
    """What the ledger says of the course's cluster of that shape: ports, nodes. Empty where there is none."""
    return dict(files.read_json(_record(shape)) or {})


def nodes(shape: str) -> dict[str, str]:
    """The cluster's node containers and their states (`running`, `paused`, `exited` …), whoever made them."""
    words = ["ps", "--all", "--filter", f"label={_LABEL}={name_of(shape)}", "--format", "{{.Names}} {{.State}}"]
    return dict(line.split(" ", 1) for line in supply.docker(*words).splitlines())


def _environment() -> dict[str, str]:
    return {**labenv.lab(), "KIND_EXPERIMENTAL_DOCKER_NETWORK": NETWORK}


def kubectl(shape: str, *words: str, seconds: float = 30, stdin: str = "") -> str:
    """Run kubectl against the cluster; raises EnvironmentProblem with its message."""
    command = ["kubectl", "--context", context_of(shape), f"--request-timeout={seconds:.0f}s", *words]
    try:
        done = subprocess.run(
            command, env=labenv.lab(), input=stdin, capture_output=True, text=True, timeout=seconds + 5
        )
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(f"the cluster '{shape}' did not answer within {seconds:.0f} s.") from None
    if done.returncode:
        raise EnvironmentProblem(f"the cluster '{shape}' says: {done.stderr.strip()[-400:]}")
    return done.stdout


def _free_ports(names: list[str]) -> dict[str, int]:
    """Different free loopback ports, one a name: all are held until all are found."""
    found = {}
    with ExitStack() as stack:
        for name in names:
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            found[name] = int(probe.getsockname()[1])
    return found


def _why(output: str) -> str:
    """The line of kind's output that tells what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"ERROR|error|no space|already", line)]
    return (errors or lines or ["no output"])[0].removeprefix("ERROR: ")[:400]


def create(shape: str, tell: Tell = lambda _: None) -> None:
    """`kind create`, for `up`: the nodes have booted when this returns, and are not ready yet."""
    image = node_image.ensure()
    files.require_free(paths.data(), 3.0 + SHAPES[shape], f"a cluster of {SHAPES[shape]} node(s)")
    ports = _free_ports(["api", *PUBLISHED])
    files.write_json(_record(shape), {"created": time.time(), "ports": ports, "image": image})
    unified = Path("/sys/fs/cgroup/cgroup.controllers").exists() or not Path("/sys/fs/cgroup").exists()
    config = kind_config(SHAPES[shape], ports, cgroup_v1=not unified)
    command = ["kind", "create", "cluster", "--name", name_of(shape), "--image", image, "--config", "-", "--wait", "0s"]
    command += ["--kubeconfig", labenv.lab()["KUBECONFIG"]]
    log = paths.logs() / "kind.log"
    lines: list[str] = []
    with console.step(f"kind create cluster ({shape})"):
        with subprocess.Popen(
            command,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdin and process.stdout  # noqa: S101 - both are pipes
            process.stdin.write(config)
            process.stdin.close()
            for line in process.stdout:
                lines.append(line)
                tell(line.strip(" •✓✗\n"))
        log.write_text("".join(lines))
        if process.returncode:
            delete(shape)
            raise EnvironmentProblem(
                f"the cluster '{shape}' could not be created: {_why(''.join(lines))}",
                f"what kind said is in {log}; it was cleaned up, so just try again.",
            )


def _is_ready(shape: str) -> bool:
    """Whether all that `_await_ready` waits for is true already: one question instead of four."""
    try:
        words = ["--namespace", "kube-system", "get", "nodes,deployments", "--output", "json"]
        items = json.loads(kubectl(shape, *words, seconds=5))["items"]
    except (EnvironmentProblem, ValueError):
        return False
    ready = {"Node": "Ready", "Deployment": "Available"}
    told = [(ready[item["kind"]], item["status"].get("conditions", [])) for item in items]
    states = [any(one["type"] == wanted and one["status"] == "True" for one in rows) for wanted, rows in told]
    return {item["kind"] for item in items} == set(ready) and all(states)


def _await_ready(shape: str, tell: Tell) -> None:
    """Until the API answers, every node is Ready and cluster DNS answers."""
    deadline = time.monotonic() + READY_SECONDS
    last = "nothing yet"
    while time.monotonic() < deadline:
        try:
            kubectl(shape, "get", "--raw", "/readyz", seconds=5)
            left = max(deadline - time.monotonic(), 1)
            tell("waiting for the nodes")
            kubectl(shape, "wait", "--for=condition=Ready", "node", "--all", f"--timeout={left:.0f}s", seconds=left)
            tell("waiting for cluster DNS")
            words = ["--namespace", "kube-system", "rollout", "status", "deployment/coredns", f"--timeout={left:.0f}s"]
            kubectl(shape, *words, seconds=left)
            # Pods are refused until their namespace has it, and on several nodes it may come last.
            kubectl(shape, "wait", "--for=create", "serviceaccount/default", f"--timeout={left:.0f}s", seconds=left)
            return
        except EnvironmentProblem as error:
            last = error.what
            time.sleep(0.2)
    raise EnvironmentProblem(f"the cluster '{shape}' was not ready after {READY_SECONDS:.0f} s; last seen: {last}")


def _wake(shape: str, states: dict[str, str]) -> None:
    """Unpause or start the node containers."""
    for word, asleep in (("unpause", {"paused"}), ("start", {"exited", "created"})):
        found = [node for node, state in states.items() if state in asleep]
        if found:
            supply.docker(word, *found)


def _forget_neighbours(shape: str) -> None:
    """Let the nodes forget where pods were that are gone. Addresses come again after 254 pods, and a node that remembers the
    last one's hardware address keeps the new one waiting for 8 s. (Hosts with many neighbours keep such entries for ever.)"""
    for node in nodes(shape):
        with contextlib.suppress(EnvironmentProblem):
            supply.docker("exec", node, "ip", "-4", "neighbour", "flush", "nud", "stale")


def up(shape: str = "single", tell: Tell = lambda _: None) -> str:
    """Make it so that the course's cluster of that shape runs and is ready; return its context. Safe to call at once from
    two processes. A cluster that does not come back is replaced by a new one, which `tell` is told.

    Raises EnvironmentProblem when it can't be had, or a foreign cluster has its name.
    """
    with files.lock(f"cluster-{shape}", wait=900):
        states = nodes(shape)
        if states and not record(shape):
            raise EnvironmentProblem(
                f"a kind cluster named '{name_of(shape)}' exists already and is not the course's, so it is left alone.",
                f"delete it (`kind delete cluster --name {name_of(shape)}`) if you don't need it, then try again.",
            )
        complete = len(states) == SHAPES[shape]
        restarted = any(state not in {"running", "paused"} for state in states.values())
        # Docker gives the addresses of a restarted cluster's nodes anew: only a single node survives that.
        if complete and not (restarted and SHAPES[shape] > 1):
            try:
                _wake(shape, states)
                if not _is_ready(shape):
                    _await_ready(shape, tell)
                _forget_neighbours(shape)
                return context_of(shape)
            except EnvironmentProblem as error:
                tell(f"the cluster did not come back ({error.what}); a new one is made")
        if states:
            delete(shape)
        create(shape, tell)
        _await_ready(shape, tell)
        return context_of(shape)


def pause(shape: str = "single") -> None:
    """Freeze the cluster's nodes: they keep their memory and use no CPU. A node that can't be frozen now goes on running."""
    running = [node for node, state in nodes(shape).items() if state == "running"] if record(shape) else []
    for node in running:
        # On cgroup v1 the kernel gives up on a node whose processes never stand still all at once.
        with contextlib.suppress(EnvironmentProblem):
            supply.docker("pause", node)


def delete(shape: str) -> None:
    """Remove the course's cluster of that shape, with its anonymous volumes. Nothing happens where the ledger has none."""
    if not record(shape):
        return
    for node in nodes(shape):
        supply.docker("rm", "--force", "--volumes", node)
    for kind_of in ("context", "cluster", "user"):
        words = ["kubectl", "config", f"delete-{kind_of}", context_of(shape)]
        subprocess.run(words, env=labenv.lab(), capture_output=True)
    _record(shape).unlink()


def clean() -> None:
    """Remove every cluster of the course, and kind's network where it is ours and empty."""
    for shape in SHAPES:
        delete(shape)
    with contextlib.suppress(EnvironmentProblem):
        supply.docker("network", "rm", NETWORK)


def note(shape: str, **values: object) -> None:
    """Write more about the cluster of that shape into its record, where there is one."""
    files.write_json(_record(shape), {**record(shape), **values})


def installed() -> bool:
    """Whether the programs that clusters take are in the lab's PATH."""
    folders = labenv.lab()["PATH"].split(os.pathsep)
    return all(any((Path(folder) / name).exists() for folder in folders) for name in ("kind", "kubectl"))
