"""Kyverno's manifest: upstream's own, as its Go module ships it, cut down to the controller that decides at admission."""

from pathlib import Path
from typing import Any

from environment.cluster import shipped

IMAGE = "reg.kyverno.io/kyverno/kyverno:v1.19.1"
_CONTROLLER = "admission-controller"
#: What all of its controllers share.
_SHARED = {"Namespace", "CustomResourceDefinition", "ConfigMap"}
_SHARED_NAMES = {"kyverno-svc"}


def _wanted(document: dict[str, Any]) -> bool:
    name = document["metadata"]["name"]
    return document["kind"] in _SHARED or _CONTROLLER in name or name in _SHARED_NAMES


def _fitted(document: dict[str, Any]) -> dict[str, Any]:
    """The Deployment for our cluster: our image, the lab's plain-HTTP registries, told to be ready when it is."""
    if document["kind"] != "Deployment":
        return document
    pod = document["spec"]["template"]["spec"]
    # It clears away what an older release left behind; here there is none, and it would be one more image.
    pod.pop("initContainers", None)
    box = pod["containers"][0]
    box["image"] = IMAGE
    box["args"] = [word for word in box["args"] if "allowInsecureRegistry" not in word]
    box["args"].append("--allowInsecureRegistry=true")
    box["readinessProbe"] |= {"initialDelaySeconds": 1, "periodSeconds": 1, "failureThreshold": 30}
    box["startupProbe"] |= {"initialDelaySeconds": 1, "periodSeconds": 1, "failureThreshold": 90}
    return document


def _chosen(documents: shipped.Documents) -> shipped.Documents:
    return [_fitted(one) for one in documents if _wanted(one)]


def manifest() -> Path:
    """The file with all that makes Kyverno's admission controller run; made once a version, and kept.

    Raises EnvironmentProblem when its Go module can't be had.
    """
    place = "config/install-latest-testing.yaml"
    return shipped.manifest("kyverno", "kyverno", place, _chosen, Path(__file__).read_bytes())
