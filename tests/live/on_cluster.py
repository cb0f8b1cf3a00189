"""What tests on the cluster share: it is up, with a namespace of their own in it, and pods are described in one line."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environment import labenv
from helpers import clusters, images, namespaces
from helpers.manifests import Object


@contextmanager
def namespace(name: str, folder: Path, *needed: str) -> Iterator[None]:
    """The cluster, with these images of the catalog in it; kubectl and the helpers work in an empty namespace."""
    before = os.environ.get("KUBECONFIG")
    os.environ.update(labenv.lab())
    context = clusters.up()
    clusters.load(*(images.pull(one).reference for one in needed))
    os.environ["KUBECONFIG"] = str(clusters.kubeconfig(folder / "config", context, name))
    namespaces.ensure(name)
    namespaces.reset(name)
    yield
    namespaces.reset(name)
    os.environ["KUBECONFIG"] = before or labenv.lab()["KUBECONFIG"]
    clusters.pause()


def pod(name: str, command: str, image: str = "busybox:1.37", **spec: Any) -> Object:
    """A pod with the label app=NAME that runs a shell command; `container=` and others go into its spec."""
    box = {"name": "app", "image": image, "command": ["sh", "-c", command]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [box | spec.pop("container", {})], **spec},
    }


def only_friends(app: str) -> str:
    """A policy: of all pods, the one with the label app=friend alone reaches those with the label app=`app`."""
    return f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: only-friends}}
spec:
  podSelector: {{matchLabels: {{app: {app}}}}}
  policyTypes: [Ingress]
  ingress: [{{from: [{{podSelector: {{matchLabels: {{app: friend}}}}}}]}}]
"""
