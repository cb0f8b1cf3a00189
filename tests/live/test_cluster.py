"""The cluster is a true Kubernetes: what lessons rely on, tried on the real thing, one node."""

import ipaddress
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import labenv, paths
from environment.cluster import kind
from environment.errors import EnvironmentProblem
from helpers import clusters, kube, namespaces, pods, reach, wait
from helpers.checks import verify
from helpers.checks.kubernetes import pod, resource, service
from helpers.checks.workloads import deployment
from helpers.errors import CannotTell, CourseError
from helpers.recording import follow
from tests.live import on_cluster

NAMESPACE = "live-test"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with on_cluster.namespace(NAMESPACE, tmp_path_factory.mktemp("kube"), "busybox", "nginx", "postgres"):
        yield


@pytest.fixture
def space(cluster: None) -> Iterator[None]:
    """The test's namespace, empty before and after."""
    namespaces.reset(NAMESPACE)
    yield
    namespaces.reset(NAMESPACE)


def _kubectl(*words: str, stdin: str = "", check: bool = True, seconds: float = 90) -> str:
    done = subprocess.run(["kubectl", *words], input=stdin, capture_output=True, text=True, timeout=seconds)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout + ("" if check else done.stderr)


def test_exec_logs_copy_forward_and_debug(space: None, tmp_path: Path) -> None:
    kube.apply(on_cluster.pod("app", "echo started; sleep 600"))
    assert verify(pod("app").is_ready(), pod("app").logs_contain("started")).points == 2
    assert kube.exec("app", ["sh", "-c", "echo out; exit 3"]) == (3, "out\n")
    (tmp_path / "note").write_text("copied")
    _kubectl("cp", str(tmp_path / "note"), "app:/tmp/note")
    assert _kubectl("exec", "app", "--", "cat", "/tmp/note") == "copied"
    debug = (
        "debug",
        "app",
        "--image=busybox:1.37",
        "--profile=general",
        "--container=look",
        "--",
        "sh",
        "-c",
        "echo seen",
    )
    _kubectl(*debug)
    assert verify(pod("app").logs_contain("seen", "look")).points == 1
    _kubectl("run", "web", "--image=nginx:1.26")
    _kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
    with subprocess.Popen(["kubectl", "port-forward", "pod/web", ":80"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        number = process.stdout.readline().split("127.0.0.1:")[1].split()[0]
        assert "nginx" in subprocess.run(["curl", "-s", f"127.0.0.1:{number}"], capture_output=True, text=True).stdout
        process.terminate()


def test_a_pod_with_the_address_of_one_that_is_gone_is_reached_at_once(space: None) -> None:
    ours = clusters.on_node("ip", "-4", "-o", "address", "show", "dev", "kube-bridge").split()[3]
    net = ipaddress.ip_interface(ours).network
    used = {one["status"].get("podIP") for one in kube.ls("Pod", everywhere=True)}
    left = [str(one) for one in net.hosts() if str(one) not in {*used, ours.split("/")[0]}]
    batch = "".join(f"neighbour replace {one} lladdr 02:00:00:00:00:01 nud stale dev kube-bridge\n" for one in left)
    clusters.on_node("sh", "-c", f"printf '{batch}' | ip -batch -")
    clusters.up()
    kube.apply(on_cluster.pod("web", "nginx -g 'daemon off;'", "nginx:1.26"))
    _kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
    address = kube.get("Pod", "web")["status"]["podIP"]
    took = clusters.on_node(
        "curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", address
    ).split()
    assert took[0] == "200"
    assert float(took[1]) < 1


def test_services_cluster_dns_and_node_port(space: None) -> None:
    _kubectl("create", "deployment", "web", "--image=nginx:1.26", "--replicas=2")
    _kubectl("expose", "deployment", "web", "--port=80")
    assert verify(deployment("web").is_available(2), service("web").answers("nginx")).points == 2
    kube.apply(on_cluster.pod("client", "sleep 600"))
    _kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=60s")
    # A pod as young as this one may ask before the network's rules know it: what counts is that an answer comes.
    ask = ["wget", "-qO-", "-T", "3", f"http://web.{NAMESPACE}.svc.cluster.local"]
    wait.until(lambda: "nginx" in kube.exec("client", ask)[1], "an answer by the Service's name", timeout=15)
    node_port = '{"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}'
    _kubectl("patch", "service", "web", "-p", node_port)
    url = f"127.0.0.1:{clusters.port('node')}"
    answer = subprocess.run(["curl", "-s", "--retry", "5", "--retry-all-errors", url], capture_output=True, text=True)
    assert "nginx" in answer.stdout


def test_volumes_are_made_on_demand_and_a_stateful_set_keeps_its_data(space: None) -> None:
    kube.apply("""
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: busybox:1.37
          command: [sh, -c, "[ -e /data/since ] || hostname > /data/since; sleep 600"]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}
""")
    kube.wait_for("StatefulSet", "db", lambda one: one["status"].get("readyReplicas") == 1, "to be ready")
    first = kube.get("Pod", "db-0")["metadata"]["uid"]
    kube.exec("db-0", ["sh", "-c", "echo kept > /data/note"])
    kube.delete("Pod", "db-0")
    kube.wait_for("Pod", "db-0", lambda one: one["metadata"]["uid"] != first, "to be made anew")
    assert verify(pod("db-0").exec_prints(["cat", "/data/note"], "kept", "the note is kept"), within=60).points == 1
    assert kube.get("PersistentVolumeClaim", "data-db-0")["status"]["phase"] == "Bound"


def test_jobs_and_cron_jobs_run(space: None) -> None:
    _kubectl("create", "job", "once", "--image=busybox:1.37", "--", "echo", "done")
    _kubectl("create", "cronjob", "often", "--image=busybox:1.37", "--schedule=* * * * *", "--", "echo", "again")
    _kubectl("wait", "--for=condition=Complete", "job/once", "--timeout=60s")
    _kubectl("create", "job", "now", "--from=cronjob/often")
    _kubectl("wait", "--for=condition=Complete", "job/now", "--timeout=60s")
    assert kube.get("CronJob", "often")["spec"]["schedule"] == "* * * * *"


def test_network_policies_are_enforced_both_ways(space: None) -> None:
    kube.apply(on_cluster.pod("server", "mkdir -p /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www"))
    kube.apply(on_cluster.pod("friend", "sleep 600") | {"metadata": {"name": "friend", "labels": {"app": "friend"}}})
    kube.apply(on_cluster.pod("stranger", "sleep 600"))
    for name in ("server", "friend", "stranger"):
        kube.wait_for("Pod", name, lambda one: bool(one["status"].get("podIP")), "to have an address")
        _kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
    address = kube.get("Pod", "server")["status"]["podIP"]

    def reaches(name: str) -> bool:
        return kube.exec(name, ["wget", "-qO-", "-T", "2", f"http://{address}:8080/"])[0] == 0

    def settles(name: str, wanted: bool) -> bool:
        deadline = time.monotonic() + 15
        while reaches(name) != wanted and time.monotonic() < deadline:
            time.sleep(0.3)
        return reaches(name) == wanted

    assert settles("friend", True)
    assert settles("stranger", True)
    kube.apply(on_cluster.only_friends("server"))
    assert settles("stranger", False)
    assert settles("friend", True)
    kube.apply("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: friend-stays-home}
spec:
  podSelector: {matchLabels: {app: friend}}
  policyTypes: [Egress]
""")
    assert settles("friend", False)


def test_roles_pod_security_and_quotas_refuse(space: None) -> None:
    _kubectl("create", "serviceaccount", "reader")
    _kubectl("create", "role", "reads", "--verb=get,list", "--resource=pods")
    _kubectl("create", "rolebinding", "reads", "--role=reads", f"--serviceaccount={NAMESPACE}:reader")
    who = f"--as=system:serviceaccount:{NAMESPACE}:reader"
    assert "yes" in _kubectl("auth", "can-i", "list", "pods", who)
    assert "no" in _kubectl("auth", "can-i", "delete", "pods", who, check=False)
    namespaces.ensure(NAMESPACE, security="restricted")
    with pytest.raises(CourseError, match="violates PodSecurity"):
        kube.apply(on_cluster.pod("rooted", "sleep 1"))
    namespaces.ensure(NAMESPACE)
    _kubectl("create", "quota", "few", "--hard=pods=0")
    with pytest.raises(CourseError, match="exceeded quota"):
        kube.apply(on_cluster.pod("one-too-many", "sleep 1"))


def test_a_more_important_pod_takes_the_place_of_another(space: None) -> None:
    kube.apply(
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "vip"}, "value": 1000}
    )
    free = int(kube.ls("Node")[0]["status"]["allocatable"]["cpu"]) * 1000 - 1000
    # One of them fits beside what the control plane asks for (0.8 of a core), two never do.
    big = {"resources": {"requests": {"cpu": f"{max(free, 300) * 7 // 10}m"}}}
    try:
        kube.apply(on_cluster.pod("humble", "sleep 600", container=big))
        assert verify(pod("humble").is_ready()).points == 1
        kube.apply(on_cluster.pod("important", "sleep 600", container=big, priorityClassName="vip"))
        assert verify(pod("important").is_ready(), within=40).points == 1
        wait.until(lambda: not kube.ls("Pod", selector="app=humble"), "the humble pod to be gone", timeout=15)
    finally:
        kube.delete("PriorityClass", "vip")


def test_top_and_autoscaling_stand_on_metrics_server(space: None) -> None:
    clusters.add("metrics-server")
    burn = {"resources": {"requests": {"cpu": "20m"}}}
    worker = on_cluster.pod("burner", "while true; do :; done", container=burn)
    template = {"metadata": worker["metadata"], "spec": worker["spec"]}
    selector = {"matchLabels": worker["metadata"]["labels"]}
    spec = {"replicas": 1, "selector": selector, "template": template}
    kube.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "burner"}, "spec": spec})
    _kubectl("autoscale", "deployment", "burner", "--cpu=50%", "--min=1", "--max=3")
    kube.wait_for("Deployment", "burner", lambda one: one["spec"]["replicas"] > 1, "to be scaled up", timeout=120)
    deadline = time.monotonic() + 60
    while "burner" not in (shown := _kubectl("top", "pods", check=False)) and time.monotonic() < deadline:
        time.sleep(1)
    assert "burner" in shown


def test_a_broken_pod_is_told_within_two_seconds(space: None) -> None:
    kube.apply(on_cluster.pod("looping", "exit 7", restartPolicy="Always"))
    kube.wait_for("Pod", "looping", lambda one: pods.restarts(one) > 0, "to be restarted")
    kube.apply(on_cluster.pod("nowhere", "sleep 1", container={"resources": {"requests": {"cpu": "1000"}}}))
    kube.apply(on_cluster.pod("pictureless", "sleep 1", image="no-such-image:1"))
    time.sleep(6)
    began = time.monotonic()
    report = verify(pod("looping").is_ready(), pod("nowhere").is_ready(), pod("pictureless").is_ready(), within=20)
    assert time.monotonic() - began < 2
    assert report.points == 0
    text = str(report)
    assert "ends again and again" in text
    assert "no node takes it" in text
    assert "its image cannot be had" in text
    assert "Insufficient cpu" in text


def test_a_service_that_selects_nothing_is_told_by_its_labels(space: None) -> None:
    kube.apply(on_cluster.pod("app", "sleep 600"))
    _kubectl("expose", "pod", "app", "--port=80", "--name=lost", "--selector=app=typo")
    text = str(verify(service("lost").answers("x"), resource("Service", "lost").exists()))
    assert "No pod has the labels that it selects: app=typo" in text


def test_events_of_an_earlier_object_do_not_count(space: None) -> None:
    kube.apply(on_cluster.pod("twin", "sleep 600"))
    assert verify(pod("twin").is_ready(), pod("twin").saw_event("Started")).points == 2
    kube.delete("Pod", "twin", grace_seconds=0)
    kube.apply(on_cluster.pod("twin", "sleep 600", container={"resources": {"requests": {"cpu": "1000"}}}))
    assert verify(pod("twin").saw_event("Started")).points == 0


def test_invalid_manifests_name_the_line_and_the_field(cluster: None) -> None:
    with pytest.raises(CourseError, match=r"line 3, column \d+"):
        kube.apply("a:\n  b: 1\n c: [2\n")
    with pytest.raises(CourseError, match="imagee"):
        kube.apply(on_cluster.pod("x", "true", container={"imagee": "typo"}))
    with pytest.raises(CourseError, match="knows no kind of object like"):
        kube.apply({"apiVersion": "v1", "kind": "Podd", "metadata": {"name": "x"}})


def test_a_film_shows_waiting_then_ready(space: None) -> None:
    film = follow("app=actor")
    kube.apply(
        on_cluster.pod(
            "actor",
            "sleep 600",
            container={"readinessProbe": {"exec": {"command": ["true"]}, "initialDelaySeconds": 1}},
        )
    )
    assert verify(pod("actor").is_ready(), within=30).points == 1
    time.sleep(0.5)
    stages = [stage for stage, _, _ in film.stop().stretches()["actor"]]
    assert stages[0] == "waiting"
    assert stages[-1] == "ready"


def test_reset_frees_what_a_finaliser_holds(space: None) -> None:
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.org/never"]}}
    kube.apply(held)
    kube.apply(on_cluster.pod("busy", "sleep 600"))
    began = time.monotonic()
    namespaces.reset(NAMESPACE)
    assert time.monotonic() - began < 10
    assert not kube.ls("ConfigMap", selector="!none") or all(
        one["metadata"]["name"] == "kube-root-ca.crt" for one in kube.ls("ConfigMap")
    )


def test_the_cluster_wakes_up_from_a_pause_and_from_a_kill(space: None) -> None:
    kube.apply(on_cluster.pod("sleeper", "sleep 600"))
    assert verify(pod("sleeper").is_ready()).points == 1
    clusters.pause()
    with pytest.raises(CannotTell):
        verify(pod("sleeper").is_ready())
    began = time.monotonic()
    clusters.up()
    assert time.monotonic() - began < 5
    assert verify(pod("sleeper").is_ready()).points == 1
    subprocess.run(["docker", "kill", clusters.nodes()[0]], env=labenv.lab(), check=True, capture_output=True)
    clusters.up()
    # Its container died with the node, and the kubelet starts it again.
    kube.wait_for("Pod", "sleeper", lambda one: pods.is_ready(one) and pods.restarts(one) > 0, "to be back", timeout=90)


def test_a_foreign_cluster_of_our_name_is_left_alone(tmp_path: Path) -> None:
    name = kind.name_of("three-nodes")
    words = ["docker", "run", "-d", "--name", f"{name}-control-plane", "--label", f"io.x-k8s.kind.cluster={name}"]
    subprocess.run([*words, "busybox:1.37", "sleep", "600"], env=labenv.lab(), check=True, capture_output=True)
    try:
        with pytest.raises(EnvironmentProblem, match="not the course's"):
            kind.up("three-nodes")
        kind.delete("three-nodes")
        assert kind.nodes("three-nodes") == {f"{name}-control-plane": "running"}
    finally:
        subprocess.run(["docker", "rm", "-f", f"{name}-control-plane"], env=labenv.lab(), capture_output=True)


def test_the_users_own_kubeconfig_is_never_touched(cluster: None) -> None:
    own = Path.home() / ".kube" / "config"
    before = own.read_bytes() if own.exists() else None
    clusters.up()
    assert (own.read_bytes() if own.exists() else None) == before
    assert json.dumps(kind.record("single"))
    assert str(paths.state()) in labenv.lab()["KUBECONFIG"]


def test_a_service_answers_even_without_a_controller_behind_it(space: None) -> None:
    with pytest.raises(CourseError, match="there is no Service 'nothing'"):
        reach.through_service("nothing")
