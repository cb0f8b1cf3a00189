"""Helm releases, ports that lead into the cluster, and who reaches whom: on the real cluster."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import charts, forwarding, kube
from helpers.checks import verify
from helpers.checks.reachability import traffic_from
from helpers.errors import CourseError, NotFound
from tests.live import on_cluster

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "values.yaml": "replicas: 1\nimage: nginx:1.26\n",
    "templates/web.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: app, image: "{{ .Values.image }}", ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}"}
spec: {selector: {app: "{{ .Release.Name }}"}, ports: [{port: 80}]}
""",
}


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A chart of a web server, and a namespace to install it in."""
    folder = tmp_path_factory.mktemp("chart")
    for place, text in CHART.items():
        (folder / "web" / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / "web" / place).write_text(text)
    with on_cluster.namespace("live-test", folder, "busybox", "nginx"):
        yield folder / "web"


def _replicas(name: str) -> int:
    return int(kube.get("Deployment", name)["status"].get("readyReplicas", 0))


def test_a_release_is_installed_upgraded_rolled_back_and_taken_out(chart: Path) -> None:
    objects = charts.template("web", chart, values={"replicas": 3})
    assert next(one for one in objects if one["kind"] == "Deployment")["spec"]["replicas"] == 3
    first = charts.install("web", chart)
    assert (first.number, first.status, first.chart, _replicas("web")) == (1, "deployed", "web-0.1.0", 1)
    assert charts.install("web", chart, values={"replicas": 2}).number == 2
    assert (charts.values("web"), _replicas("web"), charts.ls()) == ({"replicas": 2}, 2, ["web"])
    assert charts.rollback("web", 1).number == 3
    kube.wait_for("Deployment", "web", lambda one: one["spec"]["replicas"] == 1, "to be one again")
    assert [one.status for one in charts.history("web")] == ["superseded", "superseded", "deployed"]
    charts.uninstall("web")
    charts.uninstall("web")
    assert charts.ls() == []
    with pytest.raises(NotFound, match="release"):
        charts.history("web")


def test_what_helm_refuses_is_told(chart: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="helm template"):
        charts.template("web", tmp_path)
    with pytest.raises(CourseError, match="helm upgrade") as told:
        charts.install("never", chart, values={"image": "no-such-image:1"}, timeout=4)
    assert "Traceback" not in str(told.value)
    assert charts.history("never")[-1].status == "failed"
    charts.uninstall("never")


def test_who_reaches_whom_and_a_way_in_from_outside(chart: Path) -> None:
    charts.install("web", chart)
    for name in ("friend", "stranger"):
        kube.apply(on_cluster.pod(name, "sleep 600"))
        kube.wait_for("Pod", name, lambda one: one["status"].get("phase") == "Running", "to run")
    assert verify(traffic_from("friend").reaches("web", 80), traffic_from("stranger").reaches("web", 80)).points == 2
    apart = traffic_from("stranger").cannot_reach("web", 80, while_reached_by="friend")
    assert verify(apart).points == 0
    kube.apply(on_cluster.only_friends("web"))
    assert verify(apart, traffic_from("friend").reaches("web", 80)).points == 2
    # Where nothing listens, nobody is kept away: that is no policy's doing.
    assert verify(traffic_from("stranger").cannot_reach("web", 81, while_reached_by="friend")).points == 0
    assert verify(traffic_from("nobody").reaches("web", 80)).points == 0
    assert verify(traffic_from("friend").reaches("nowhere", 80)).points == 0
    with forwarding.to("service/web", 80) as number:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{number}/", timeout=5) as answer:
            assert b"nginx" in answer.read()
    with pytest.raises(CourseError, match="not found"), forwarding.to("service/nowhere", 80):
        pass
    charts.uninstall("web")
