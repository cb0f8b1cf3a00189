"""The concept pictures of the Kubernetes lessons."""

from collections.abc import Callable

from matplotlib.figure import Figure

from environment.drawing import BLUE, GREEN, GREY, ORANGE, arrow, box, canvas


def _pod() -> Figure:
    figure, axes = canvas(8.4, 2.7)
    box(axes, 0.1, 0.1, 8.2, 2.5, "a pod: one address, one node, one life", GREY, top=True)
    box(axes, 0.4, 1.0, 2.0, 0.9, "init container\nruns first, to its end", ORANGE)
    arrow(axes, (2.4, 1.45), (3.1, 1.45), "then")
    box(axes, 3.1, 1.0, 2.2, 0.9, "container web\nlocalhost:80", BLUE)
    box(axes, 5.9, 1.0, 2.1, 0.9, "container writer\nits companion", BLUE)
    arrow(axes, (5.9, 1.45), (5.3, 1.45), "")
    box(axes, 3.6, 0.25, 3.9, 0.4, "volume: files that both see", GREEN)
    axes.plot([4.2, 4.2], [0.65, 1.0], color="#333333")
    axes.plot([7.0, 7.0], [0.65, 1.0], color="#333333")
    return figure


def _deployment() -> Figure:
    figure, axes = canvas(8.4, 3.0)
    box(axes, 2.9, 2.3, 2.6, 0.6, "Deployment web\n3 pods of v2, please", ORANGE)
    box(axes, 0.7, 1.2, 2.8, 0.6, "ReplicaSet (v1): 1, soon 0", GREY)
    box(axes, 4.9, 1.2, 2.8, 0.6, "ReplicaSet (v2): 3", BLUE)
    arrow(axes, (3.4, 2.3), (2.1, 1.8), "kept for undo  ", above=True, bend=0.15)
    arrow(axes, (5.0, 2.3), (6.3, 1.8), "   grows", bend=-0.15)
    box(axes, 1.6, 0.2, 1.0, 0.5, "pod v1", GREY)
    arrow(axes, (2.1, 1.2), (2.1, 0.7), "")
    for number in range(3):
        x = 4.6 + number * 1.2
        box(axes, x, 0.2, 1.0, 0.5, "pod v2", GREEN)
        arrow(axes, (6.3, 1.2), (x + 0.5, 0.7), "")
    return figure


def _architecture() -> Figure:
    figure, axes = canvas(8.8, 3.9)
    box(axes, 0.1, 1.5, 5.6, 2.3, "control plane: decides", GREY, top=True)
    box(axes, 6.1, 0.2, 2.6, 3.6, "every node: does", GREY, top=True)
    box(axes, 2.1, 2.3, 1.6, 0.7, "kube-apiserver\nthe only door", ORANGE)
    box(axes, 0.3, 2.3, 1.3, 0.7, "etcd\nremembers", GREEN)
    box(axes, 4.1, 2.7, 1.5, 0.5, "kube-scheduler", BLUE)
    box(axes, 4.0, 1.7, 1.6, 0.6, "kube-controller-\nmanager", BLUE)
    box(axes, 6.4, 2.6, 2.0, 0.7, "kubelet\nruns the pods", BLUE)
    box(axes, 6.4, 1.6, 2.0, 0.7, "container runtime\n(containerd)", GREEN)
    box(axes, 6.4, 0.5, 2.0, 0.7, "kube-proxy\nmakes Services work", BLUE)
    box(axes, 0.4, 0.3, 1.9, 0.6, "kubectl, you, programs", ORANGE)
    arrow(axes, (1.6, 0.9), (2.6, 2.3), "")
    arrow(axes, (2.1, 2.65), (1.6, 2.65), "")
    arrow(axes, (4.1, 2.95), (3.7, 2.8), "")
    arrow(axes, (4.0, 2.0), (3.5, 2.3), "")
    arrow(axes, (6.4, 2.95), (3.7, 2.62), "", bend=0.16)
    arrow(axes, (6.4, 0.8), (3.2, 2.3), "", bend=-0.2)
    arrow(axes, (7.4, 2.6), (7.4, 2.3), "")
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    "notebooks/4-01-architecture/architecture.svg": _architecture,
    "notebooks/4-02-pods/pod.svg": _pod,
    "notebooks/4-03-deployments/deployment.svg": _deployment,
}
