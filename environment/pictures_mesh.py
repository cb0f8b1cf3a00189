"""Concept pictures of the mesh lessons."""

from collections.abc import Callable

from matplotlib.figure import Figure

from environment.drawing import BLUE, GREEN, GREY, ORANGE, RED, arrow, box, canvas


def _mesh() -> Figure:
    figure, axes = canvas(8.6, 3.1)
    box(axes, 2.9, 2.2, 2.8, 0.75, "istiod\nrules · certificates", BLUE)
    for x, name in ((0.3, "pod visitor"), (5.3, "pod api")):
        box(axes, x, 0.2, 3.0, 1.5, name, GREY, top=True)
    box(axes, 0.5, 0.45, 1.1, 0.7, "program", ORANGE)
    box(axes, 2.0, 0.45, 1.1, 0.7, "proxy", GREEN)
    box(axes, 5.5, 0.45, 1.1, 0.7, "proxy", GREEN)
    box(axes, 7.0, 0.45, 1.1, 0.7, "program", ORANGE)
    arrow(axes, (1.6, 0.8), (2.0, 0.8), "")
    arrow(axes, (3.1, 0.8), (5.5, 0.8), "mutual TLS")
    arrow(axes, (6.6, 0.8), (7.0, 0.8), "")
    arrow(axes, (3.6, 2.2), (2.6, 1.15), "")
    arrow(axes, (5.0, 2.2), (6.0, 1.15), "")
    return figure


def _trouble() -> Figure:
    figure, axes = canvas(8.6, 2.7)
    box(axes, 0.2, 0.9, 1.3, 0.9, "visitor", ORANGE)
    box(axes, 2.2, 0.9, 1.3, 0.9, "its proxy", GREEN)
    box(axes, 6.6, 1.7, 1.8, 0.8, "server, well", BLUE)
    box(axes, 6.6, 0.2, 1.8, 0.8, "server, fails", RED)
    arrow(axes, (1.5, 1.35), (2.2, 1.35), "")
    arrow(axes, (3.5, 1.6), (6.6, 2.2), "again, if it failed")
    arrow(axes, (3.5, 1.1), (5.4, 0.75), "")
    axes.text(5.55, 0.68, "✗", ha="center", va="center", fontsize=18, color="#a03000")
    axes.text(4.9, 0.25, "left out for a minute", ha="center", fontsize=9, family="monospace", color="#111111")
    axes.text(2.85, 0.65, "gives up after 0.5 s", ha="center", fontsize=9, family="monospace", color="#111111")
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    "notebooks/5-09-istio/mesh.svg": _mesh,
    "notebooks/5-11-mesh-features/trouble.svg": _trouble,
}
