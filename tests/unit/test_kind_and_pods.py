"""What kind is told, what manifests say when they are wrong, and how a pod's state is read."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from environment.cluster import kind, loading, node_image
from environment.cluster.config import PATCHES, PUBLISHED, kind_config
from environment.errors import EnvironmentProblem
from helpers import kube, pods
from helpers.checks.objects import _dig
from helpers.errors import CourseError
from helpers.manifests import parse
from helpers.recording import Film

PORTS = {"api": 1, "http": 2, "https": 3, "node": 4}


def _config(nodes: int, *, cgroup_v1: bool) -> dict[str, Any]:
    return dict(json.loads(kind_config(nodes, PORTS, cgroup_v1=cgroup_v1)))


def test_everything_is_published_on_loopback_only() -> None:
    config = _config(1, cgroup_v1=False)
    assert config["networking"] == {"apiServerAddress": "127.0.0.1", "apiServerPort": 1}
    mappings = config["nodes"][0]["extraPortMappings"]
    assert {one["listenAddress"] for one in mappings} == {"127.0.0.1"}
    assert {one["containerPort"] for one in mappings} == set(PUBLISHED.values())


def test_only_cgroup_v1_hosts_and_single_nodes_get_their_exceptions() -> None:
    patches = "".join(_config(3, cgroup_v1=False)["kubeadmConfigPatches"])
    assert "failCgroupV1" not in patches
    assert "node-monitor-grace-period" not in patches
    patches = "".join(_config(1, cgroup_v1=True)["kubeadmConfigPatches"])
    assert "failCgroupV1" in patches
    assert "node-monitor-grace-period" in patches
    assert (PATCHES / "corednsdeployment+strategic.yaml").exists()


def test_three_nodes_are_one_control_plane_and_two_workers() -> None:
    assert [one["role"] for one in _config(3, cgroup_v1=False)["nodes"]] == ["control-plane", "worker", "worker"]
    with pytest.raises(EnvironmentProblem, match="no cluster shape"):
        kind.name_of("seven-nodes")


def test_image_names_are_what_containerd_calls_them() -> None:
    assert loading.full_name("nginx:1.26") == "docker.io/library/nginx:1.26"
    assert loading.full_name("shop/web:1") == "docker.io/shop/web:1"
    assert loading.full_name("localhost:5000/shop") == "localhost:5000/shop:latest"
    assert loading.full_name("localhost:5000/a:1") == "localhost:5000/a:1"
    assert loading.full_name("registry.k8s.io/pause:3.10") == "registry.k8s.io/pause:3.10"


def test_what_kind_says_is_shortened_to_the_reason() -> None:
    output = (
        "Creating cluster ...\n ✗ Preparing nodes\nERROR: failed to create cluster: no space left on device\nStack\n"
    )
    assert kind._why(output) == "failed to create cluster: no space left on device"


def test_the_node_image_changes_with_everything_in_it() -> None:
    assert set(node_image._components()) >= {*node_image.PROGRAMS, *node_image.INSIDE}
    assert node_image.key() == node_image.key()


def test_manifests_name_the_line_that_is_wrong() -> None:
    with pytest.raises(CourseError, match="line 4"):
        parse("kind: Pod\nmetadata:\n  name: [a\nspec: x\n")
    with pytest.raises(CourseError, match="apiVersion"):
        parse("kind: Pod\n")
    assert [
        one["kind"]
        for one in parse("{apiVersion: v1, kind: A, metadata: {}}\n---\n---\n{apiVersion: v1, kind: B, metadata: {}}")
    ] == ["A", "B"]


def test_paths_lead_through_lists_by_name_and_number() -> None:
    found = {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}}
    assert _dig(found, "spec.containers.b.image") == "y"
    assert _dig(found, "spec.containers.0.image") == "x"
    assert _dig(found, "spec.containers.7.image") is None
    assert _dig(found, "spec.nothing.here") is None


def _pod(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "creationTimestamp": "2020-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "app", "image": "x"}]},
        "status": status,
    }


def test_a_ready_pod_and_one_that_ended() -> None:
    assert pods.state(_pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}])).ready
    ended = pods.state(
        _pod(phase="Failed", containerStatuses=[{"name": "app", "state": {"terminated": {"exitCode": 3}}}])
    )
    assert not ended.ready
    assert not ended.moving
    assert "exit status 3" in ended.text


@pytest.mark.parametrize("reason", sorted(pods.STUCK))
def test_what_does_not_go_away_by_waiting_is_told_at_once(reason: str) -> None:
    waiting = {"name": "app", "state": {"waiting": {"reason": reason, "message": "the reason"}}}
    state = pods.state(_pod(phase="Pending", containerStatuses=[waiting]))
    assert not state.moving
    assert pods.STUCK[reason] in state.text
    assert state.evidence == "the reason"


def _young(seconds: float, **status: Any) -> dict[str, Any]:
    """A pod that was made so many seconds ago."""
    told = {
        "name": "p",
        "uid": "this",
        "annotations": {"kubernetes.io/config.hash": "its file"},
        "creationTimestamp": (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(),
    }
    return {**_pod(**status), "metadata": told}


SYNC = 'MountVolume.SetUp failed for volume "v": failed to sync configmap cache: timed out waiting for the condition'
MISSING = 'MountVolume.SetUp failed for volume "v": configmap "c" not found'


@pytest.mark.parametrize(
    ("message", "of", "seconds", "moving"),
    [
        (SYNC, "this", 5, True),  # a busy node; the kubelet tries again
        (SYNC, "this", 60, False),
        (MISSING, "this", 5, False),
        (MISSING, "this", 1, True),
        (MISSING, "its file", 5, False),  # so a kubelet names a pod that it has from a file
        (MISSING, "an earlier one", 5, True),
    ],
)
def test_a_mount_that_fails_is_hopeless_when_it_is(
    message: str, of: str, seconds: float, moving: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"type": "Warning", "reason": "FailedMount", "message": message, "involvedObject": {"uid": of}}
    monkeypatch.setattr(kube, "events", lambda name, namespace: [event])
    state = pods.state(_young(seconds))
    assert (state.moving, bool(state.evidence)) == (moving, of != "an earlier one")


@pytest.mark.parametrize("seconds", [5, 60])
def test_a_node_that_sets_a_pod_up_tries_again_before_it_is_given_up(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "failed to set up sandbox: context deadline exceeded"
    event = {"type": "Warning", "reason": "FailedCreatePodSandBox", "message": said, "involvedObject": {"uid": "this"}}
    monkeypatch.setattr(kube, "events", lambda name, namespace: [event])
    assert pods.state(_young(seconds)).moving == (seconds < 40)


@pytest.mark.parametrize(
    ("message", "seconds", "moving"),
    [
        ("0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }", 5, True),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }", 60, False),
        ("0/1 nodes are available: 1 Insufficient memory", 5, False),
        ("0/1 nodes are available: 1 Insufficient memory", 1, True),
    ],
)
def test_a_pod_that_no_node_takes_is_hopeless_unless_a_node_is_just_back(
    message: str, seconds: float, moving: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube, "events", lambda name, namespace: [])
    condition = {"type": "PodScheduled", "status": "False", "message": message}
    assert pods.state(_young(seconds, conditions=[condition])).moving == moving


@pytest.mark.parametrize(
    ("message", "moving"),
    [
        ('failed to pull "hub.local/app:1": net/http: TLS handshake timeout', True),
        ('failed to pull "hub.local/app:1": dial tcp 10.0.0.7:443: i/o timeout', True),
        ('failed to pull "hub.local/app:1": dial tcp: lookup hub.local: no such host', False),
        # Without a network no name is found, however often one asks.
        ('failed to pull "hub.local/app:1": dial tcp: lookup hub.local on 10.0.0.2:53: read udp: i/o timeout', False),
    ],
)
def test_a_registry_that_was_slow_is_asked_again(message: str, moving: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube, "events", lambda name, namespace: [])
    waiting = {"name": "app", "state": {"waiting": {"reason": "ErrImagePull", "message": message}}}
    assert pods.state(_young(5, containerStatuses=[waiting])).moving == moving


def test_probes_grant_the_time_that_they_need() -> None:
    slow = {"startupProbe": {"periodSeconds": 2, "failureThreshold": 30}, "readinessProbe": {"initialDelaySeconds": 5}}
    assert pods._probe_budget(slow) > 60
    assert pods._probe_budget({}) < 5


def test_a_film_tells_each_stage_once() -> None:
    film = Film(began=0.0)
    for _ in range(2):
        film.note(_pod(phase="Pending"), gone=False)
    film.note(_pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}]), gone=False)
    film.note(_pod(), gone=True)
    assert [stage for stage, _, _ in film.stop().stretches()["p"]] == ["waiting", "ready"]
