"""What a cluster gets on first use: metrics-server, which `kubectl top` and autoscaling stand on; Kyverno, which decides what
may run; Istio, the service mesh; Contour, which lets calls in by Ingress and the Gateway API; MetalLB, which gives Services of
type LoadBalancer an address."""

from typing import Protocol

from environment import files
from environment.cluster import admission, ingress, kind, load_balancer
from environment.cluster.applied import FOLDER, Applied
from environment.cluster.mesh import Mesh
from environment.errors import EnvironmentProblem


class AddOn(Protocol):
    """Something that a lesson's cluster can have besides Kubernetes itself. `images` are its own of the catalog."""

    @property
    def images(self) -> tuple[str, ...]:
        """Catalog names."""

    def prepare(self) -> None:
        """Make what it takes – images, manifests – without a cluster: the slow part, ahead of its first use."""

    def install(self, shape: str) -> None:
        """Make it so that it works in the cluster; quick where it does already. Raises EnvironmentProblem."""

    def remove(self, shape: str) -> None:
        """Take it away, whole, if it would get in other lessons' way. Nothing happens where it is not there."""


ADDONS: dict[str, AddOn] = {
    "metrics-server": Applied(
        "metrics-server",
        lambda: FOLDER / "metrics-server" / "manifest.yaml",
        ("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=90s"),
        own="registry.k8s.io/metrics-server/metrics-server:v0.9.0",
    ),
    "kyverno": Applied(
        "kyverno",
        admission.manifest,
        ("--namespace", "kyverno", "rollout", "status", "deployment/kyverno-admission-controller", "--timeout=90s"),
        own=admission.IMAGE,
        namespace="kyverno",
        makes=(
            "validatingwebhookconfigurations,mutatingwebhookconfigurations",
            "webhook.kyverno.io/managed-by=kyverno",
        ),
        probe="probe.yaml",
    ),
    "istio": Mesh(),
    "contour": Applied(
        "contour",
        ingress.manifest,
        ("--namespace", "projectcontour", "rollout", "status", "daemonset/envoy", "--timeout=90s"),
        images=ingress.IMAGES,
        namespace="projectcontour",
        kinds=ingress.kinds,
    ),
    "metallb": Applied(
        "metallb",
        load_balancer.manifest,
        ("--namespace", load_balancer.NAMESPACE, "rollout", "status", "daemonset/speaker", "--timeout=90s"),
        images=load_balancer.IMAGES,
        namespace=load_balancer.NAMESPACE,
        settings=load_balancer.settings,
    ),
}


def images(name: str) -> tuple[str, ...]:
    """Catalog names of the add-on's images."""
    return _addon(name).images


def _addon(name: str) -> AddOn:
    if name not in ADDONS:
        raise EnvironmentProblem(f"there is no add-on '{name}'.", f"one of: {', '.join(ADDONS)}")
    return ADDONS[name]


def prepare(name: str) -> None:
    """Make what the add-on takes, without a cluster: the slow part, ahead of its first use."""
    with files.lock(f"addon-{name}", wait=900):
        _addon(name).prepare()


def ensure(name: str, shape: str = "single", tell: kind.Tell = lambda _: None) -> None:
    """Make it so that the add-on works in the course's cluster of that shape, which has to run. Quick where it does already.

    Raises EnvironmentProblem when it can't be had or does not come up.
    """
    tell(f"{name}: its image (the first time it is built)")
    prepare(name)
    with files.lock(f"addon-{name}", wait=900):
        tell(f"{name}: starting")
        _addon(name).install(shape)


def remove(name: str, shape: str = "single") -> None:
    """Take an add-on that would get in other lessons' way out of the cluster. Nothing happens where it is not there."""
    with files.lock(f"addon-{name}", wait=900):
        _addon(name).remove(shape)
