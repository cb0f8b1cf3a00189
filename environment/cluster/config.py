"""What kind is told about a cluster: its nodes, ports, and the settings with which it starts fast."""

import json
from pathlib import Path
from typing import Any

PATCHES = Path(__file__).with_name("patches")
#: name of a published port → the port of the node behind it. 30080 is free for NodePort Services.
PUBLISHED = {"http": 80, "https": 443, "node": 30080}


def _kubeadm(*, one_node: bool, cgroup_v1: bool) -> list[str]:
    """Patches for kubeadm's configuration. Each setting was measured to shorten the start; none changes what a cluster does."""
    arguments = {
        # kind's own.
        "enable-hostpath-provisioner": "true",
        # There is one control plane: no election to wait for, and none to lose while the node is paused.
        "leader-elect": "false",
        "kube-api-qps": "200",
        "kube-api-burst": "400",
    }
    if one_node:
        # Paused for a while, the only node would count as lost until its next sign of life, 10 s after waking.
        arguments["node-monitor-grace-period"] = "24h"
    cluster = {
        "kind": "ClusterConfiguration",
        "controllerManager": {"extraArgs": [{"name": name, "value": value} for name, value in arguments.items()]},
        "scheduler": {"extraArgs": [{"name": "leader-elect", "value": "false"}]},
    }
    start = {"kind": "InitConfiguration", "patches": {"directory": "/kind/course-patches"}}
    # Images that a lesson loads count as pulled once a pod pulled the same content from a registry of ours; then kubelet
    # wants to ask Docker Hub before it lets others use them.
    kubelet: dict[str, Any] = {"kind": "KubeletConfiguration", "imagePullCredentialsVerificationPolicy": "NeverVerify"}
    # What forks without end in a pod ends there, not this machine.
    kubelet["podPidsLimit"] = 2000
    kubelet |= {"failCgroupV1": False} if cgroup_v1 else {}
    return [json.dumps(document) for document in (cluster, start, kubelet)]


def kind_config(nodes: int, ports: dict[str, int], *, cgroup_v1: bool) -> str:
    """kind's configuration (JSON is YAML): one control plane and `nodes - 1` workers; `ports` are free loopback ports by
    their names in PUBLISHED, and `api` for the API server."""
    mappings = [
        {"containerPort": inside, "hostPort": ports[name], "listenAddress": "127.0.0.1"}
        for name, inside in PUBLISHED.items()
    ]
    control_plane: dict[str, Any] = {
        "role": "control-plane",
        "extraPortMappings": mappings,
        "extraMounts": [{"hostPath": str(PATCHES), "containerPath": "/kind/course-patches", "readOnly": True}],
    }
    return json.dumps(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "networking": {"apiServerAddress": "127.0.0.1", "apiServerPort": ports["api"]},
            "kubeadmConfigPatches": _kubeadm(one_node=nodes == 1, cgroup_v1=cgroup_v1),
            "nodes": [control_plane, *({"role": "worker"} for _ in range(nodes - 1))],
        }
    )
