"""Attacks from a submission's account on a grading cluster, and from the pods that it may start: it works in its own namespace,
with nothing of the node, and reaches nobody."""

import json
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from environment import labenv
from environment.cluster import kind
from environment.grading import bridge, clusters, proofs
from environment.images import apt, supply
from helpers import wait

pytestmark = pytest.mark.usefixtures("engine")
LESSON, MESH = "4-02-pods", "5-09-istio"
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


def _kubectl(config: Path, kubeconfig: str, port: int) -> Kubectl:
    """kubectl with a kubeconfig of a lab, from this machine."""
    config.write_text(kubeconfig.replace(bridge.ADDRESS, f"https://127.0.0.1:{port}"))

    def run(*words: str, stdin: str = "", seconds: float = 60) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "--kubeconfig", str(config), *words]
        return subprocess.run(command, env=labenv.lab(), input=stdin, capture_output=True, text=True, timeout=seconds)

    return run


@pytest.fixture(scope="module")
def cluster() -> Iterator[clusters.Cluster]:
    yield clusters.Cluster(0, proofs.course(LESSON), "pods")
    clusters.end()


@pytest.fixture(scope="module")
def submission(cluster: clusters.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    access = cluster.admit()
    return _kubectl(tmp_path_factory.mktemp("account") / "config", access.learner, access.port)


def _pod(name: str, spec: str, *, script: str = "sleep 300", extra: str = "") -> str:
    box = f"{{name: main, image: 'nginx:1.26', command: [sh, -c, {json.dumps(script)}]{extra}}}"
    return f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{{spec} containers: [{box}]}}}}"


WORDS = {
    "look at nodes": "get nodes",
    "look into other namespaces": "get secrets --all-namespaces",
    "look at the cluster's own pods": "--namespace kube-system get pods",
    "look at other submissions' accounts": "--namespace course-grading get serviceaccounts",
    "list all namespaces": "get namespaces",
    "make a namespace": "create namespace mine",
    "give itself a role": "create rolebinding more --clusterrole=admin --serviceaccount=pods:default",
    "give itself the whole cluster": "create clusterrolebinding more --clusterrole=cluster-admin --serviceaccount=pods:default",
    "be somebody else": "--as system:admin --as-group system:masters get nodes",
    "take a token": "create token default",
    "take away its quota": "delete resourcequota submission",
    "take away its limits": "delete limitrange submission",
    "take away its network policy": "delete networkpolicy submission",
    "speak with the kubelet": "get --raw /api/v1/nodes/course-grading-0-control-plane/proxy/pods",
    "look into the API server": "get --raw /metrics",
    "lift Pod Security": "label namespace pods pod-security.kubernetes.io/enforce=privileged --overwrite",
    "lift Pod Security by taking the label off": "label namespace pods pod-security.kubernetes.io/enforce-",
    "write other rules for its namespace": "annotate namespace pods scheduler.alpha.kubernetes.io/node-selector=a=b",
    "delete its namespace": "delete namespace pods",
    "change what admission does": "delete validatingadmissionpolicies course-namespace-labels",
}
PODS = {
    "a privileged one": _pod("bad", "", extra=", securityContext: {privileged: true}"),
    "the node's files": _pod("bad", "volumes: [{name: host, hostPath: {path: /}}],"),
    "the node's network": _pod("bad", "hostNetwork: true,"),
    "the node's processes": _pod("bad", "hostPID: true,"),
    "the node's IPC": _pod("bad", "hostIPC: true,"),
    "a port of the node": _pod("bad", "", extra=", ports: [{containerPort: 80, hostPort: 8080}]"),
    "a capability": _pod("bad", "", extra=", securityContext: {capabilities: {add: [SYS_ADMIN]}}"),
    "no seccomp": _pod("bad", "securityContext: {seccompProfile: {type: Unconfined}},"),
    "a sysctl": _pod("bad", "securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]},"),
}
OBJECTS = {
    "a policy that lets everything out": "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: open}, "
    "spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}}",
    "a volume": "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: big}, spec: {accessModes: [ReadWriteOnce], "
    "resources: {requests: {storage: 1Gi}}}}",
    "a door to the world": "{apiVersion: v1, kind: Service, metadata: {name: out}, spec: {type: LoadBalancer, ports: [{port: 80}]}}",
}


def test_what_lessons_teach_is_allowed(submission: Kubectl) -> None:
    """Else everything below would be refused for the wrong reason."""
    assert submission("apply", "-f", "-", stdin=_pod("good", "")).returncode == 0
    told = submission("wait", "--for=condition=Ready", "pod/good", "--timeout=30s")
    assert told.returncode == 0, told.stderr
    assert submission("exec", "good", "--", "echo", "yes").stdout == "yes\n"
    assert submission("create", "deployment", "web", "--image=nginx:1.26").returncode == 0
    assert submission("label", "namespace", "pods", "istio-injection=enabled").returncode == 0
    assert submission("label", "namespace", "pods", "istio-injection-").returncode == 0


@pytest.mark.parametrize("name", WORDS)
def test_it_may_not(submission: Kubectl, name: str) -> None:
    done = submission(*WORDS[name].split())
    assert done.returncode != 0, done.stdout
    assert "orbidden" in done.stderr or "may be changed" in done.stderr or "may not be changed" in done.stderr, (
        done.stderr
    )


@pytest.mark.parametrize("name", OBJECTS)
def test_it_may_not_make(submission: Kubectl, name: str) -> None:
    done = submission("create", "-f", "-", stdin=OBJECTS[name])
    assert "orbidden" in done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("name", PODS)
def test_its_pods_get_nothing_of_the_node(submission: Kubectl, name: str) -> None:
    done = submission("create", "-f", "-", stdin=PODS[name])
    assert "violates PodSecurity" in done.stderr, done.stdout + done.stderr


def test_no_container_is_put_into_a_pod_afterwards(submission: Kubectl) -> None:
    done = submission("debug", "good", "--image=nginx:1.26", "--profile=sysadmin", "--", "true")
    assert "orbidden" in done.stderr, done.stdout + done.stderr


@pytest.fixture
def host() -> Iterator[str]:
    """A web server of this machine that listens everywhere, as it is seen from kind's network."""
    words = ["network", "inspect", kind.NETWORK, "--format", "{{range .IPAM.Config}}{{.Gateway}} {{end}}"]
    gateway = next(one for one in supply.docker(*words).split() if ":" not in one)
    with ThreadingHTTPServer(("0.0.0.0", 0), SimpleHTTPRequestHandler) as server:  # noqa: S104 - the point of it
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{gateway}:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def outside() -> str:
    """The name of a host beyond kind's network that this machine does find: where its own packages come from."""
    found = re.search(r"https?://([^/:\s]+)", apt.sources())
    assert found, "this machine's package manager names no host"
    socket.getaddrinfo(found[1], None)
    return found[1]


def test_its_pods_reach_each_other_and_nobody_else(submission: Kubectl, host: str, outside: str) -> None:
    submission("create", "service", "clusterip", "good", "--tcp=80")
    node = next(iter(kind.nodes("grading-0")))
    inside = next(one for one in supply.docker("exec", node, "hostname", "--ip-address").split() if ":" not in one)
    peer = submission("get", "pod", "-l", "app=web", "-o", "jsonpath={.items[0].status.podIP}").stdout
    # curl's status 6, 7 and 28 – no such name, refused, no answer – mean that nobody was reached, all others that somebody was.
    script = "curl -ks -o /dev/null --max-time 3 $0; echo $?"

    def reaches(address: str) -> bool:
        told = submission("exec", "good", "--", "sh", "-c", script, address).stdout.strip()
        return told not in {"6", "7", "28"}

    assert reaches(f"http://{peer}/")
    assert supply.docker("exec", node, "sh", "-c", script, host).strip() == "0", "the server can't be reached at all"
    places = [f"https://{inside}:6443", f"https://{inside}:10250", "https://kubernetes.default.svc", host]
    assert [one for one in [*places, "http://1.1.1.1/", "http://169.254.169.254/"] if reaches(one)] == []
    asked = submission(
        "exec", "good", "--", "sh", "-c", "getent hosts web.pods.svc good || true; getent hosts kubernetes.default.svc"
    )
    assert "kubernetes" in asked.stdout, asked
    assert submission("exec", "good", "--", "getent", "hosts", outside).stdout == ""


def test_the_node_itself_reaches_nobody(submission: Kubectl, outside: str) -> None:
    """Else a submission could tell the world something by the names of images that the node is to pull."""
    node = next(iter(kind.nodes("grading-0")))
    told = supply.docker(
        "exec", node, "sh", "-c", f"curl -s --max-time 3 http://1.1.1.1/; echo $?; getent hosts {outside}; true"
    )
    assert told.split() == ["7"]


def test_objects_end(submission: Kubectl) -> None:
    many = "\n---\n".join(f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: flood-{n}}}}}" for n in range(80))
    done = submission("create", "-f", "-", stdin=many)
    assert "exceeded quota" in done.stderr


def test_a_pod_that_fills_the_disk_is_evicted(submission: Kubectl) -> None:
    filler = _pod("filler", "restartPolicy: Never,", script="head -c 700M /dev/zero > /tmp/fill; sleep 300")
    submission("create", "-f", "-", stdin=filler)
    read = ["get", "pod", "filler", "-o", "jsonpath={.status.reason}"]
    wait.until(lambda: submission(*read).stdout == "Evicted", "the pod to be evicted", timeout=90)


def test_a_pod_that_forks_without_end_ends_there(submission: Kubectl) -> None:
    bomb = _pod(
        "bomb", "restartPolicy: Never,", script="n=0; while sleep 100 & do n=$((n+1)); done; echo refused; sleep 300"
    )
    submission("create", "-f", "-", stdin=bomb)
    wait.until(lambda: "fork" in submission("logs", "bomb").stdout, "the bomb to be refused", timeout=40)
    node = next(iter(kind.nodes("grading-0")))
    assert int(supply.docker("exec", node, "sh", "-c", "ls -d /proc/[0-9]* | wc -l")) < 2600
    assert submission("delete", "pod", "bomb", "--now").returncode == 0


def test_what_will_not_go_does_not_keep_the_next_one_out(submission: Kubectl, cluster: clusters.Cluster) -> None:
    stuck = "{apiVersion: v1, kind: ConfigMap, metadata: {name: stuck, finalizers: [example.com/never]}}"
    submission("delete", "configmaps", "--all")
    assert submission("create", "-f", "-", stdin=stuck).returncode == 0
    cluster.admit()
    assert kind.kubectl("grading-0", "-n", "pods", "get", "pods,configmaps", "-o", "name").split() == [
        "configmap/kube-root-ca.crt"
    ]
    assert submission("get", "pods").returncode != 0, "the account of an earlier submission still works"


def test_pods_of_the_mesh_get_no_more_than_its_proxies_need(tmp_path: Path) -> None:
    access = clusters.Cluster(0, proofs.course(MESH), "istio").admit()
    submission = _kubectl(tmp_path / "config", access.learner, access.port)
    proxies = _pod("good", "", extra=", securityContext: {capabilities: {add: [NET_ADMIN]}}")
    assert submission("create", "-f", "-", stdin=proxies).returncode == 0
    for name, manifest in PODS.items():
        done = submission("create", "-f", "-", stdin=manifest)
        assert "course-mesh-pods" in done.stderr, (name, done.stdout + done.stderr)
