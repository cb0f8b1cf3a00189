"""Concept pictures of the registry lessons."""

from collections.abc import Callable

from matplotlib.figure import Figure

from environment.drawing import BLUE, GREEN, GREY, ORANGE, RED, arrow, box, canvas


def _registry() -> Figure:
    figure, axes = canvas(8.6, 3.0)
    box(axes, 0.2, 1.0, 1.5, 1.0, "engine\ndocker push", ORANGE)
    box(axes, 3.0, 0.2, 5.4, 2.6, "registry", GREY, top=True)
    box(axes, 3.2, 1.75, 1.3, 0.6, "tag 1.0", "white")
    box(axes, 5.0, 1.75, 1.4, 0.6, "manifest\nsha256:4f…", BLUE)
    box(axes, 6.9, 1.75, 1.3, 0.6, "config", GREEN)
    box(axes, 6.9, 1.05, 1.3, 0.55, "layer", GREEN)
    box(axes, 6.9, 0.35, 1.3, 0.55, "layer", GREEN)
    arrow(axes, (4.5, 2.05), (5.0, 2.05), "")
    for y in (2.05, 1.33, 0.63):
        arrow(axes, (6.4, 2.05), (6.9, y), "")
    arrow(axes, (1.7, 1.25), (6.9, 0.75), "1. blobs", above=False)
    arrow(axes, (1.7, 1.75), (3.2, 2.0), "2. manifest")
    return figure


def _mirror() -> Figure:
    figure, axes = canvas(8.6, 2.4)
    for y, name in ((1.55, "machine 1"), (0.9, "machine 2"), (0.25, "machine 3")):
        box(axes, 0.2, y, 1.4, 0.5, name, ORANGE)
        arrow(axes, (1.6, y + 0.25), (3.5, 1.15), "")
    axes.text(2.45, 1.85, "pull", ha="center", fontsize=9, family="monospace")
    box(axes, 3.5, 0.5, 1.9, 1.3, "mirror\n\nkeeps what\nit fetched", GREEN)
    box(axes, 7.0, 0.75, 1.4, 0.8, "origin", BLUE)
    arrow(axes, (5.4, 1.15), (7.0, 1.15), "the first time only")
    return figure


def _token() -> Figure:
    figure, axes = canvas(8.6, 2.9)
    box(axes, 0.2, 0.9, 1.5, 1.1, "client\ndocker pull", ORANGE)
    box(axes, 6.5, 1.8, 1.9, 0.8, "registry", BLUE)
    box(axes, 6.5, 0.2, 1.9, 0.9, "office\nusers, rules, key", GREEN)
    arrow(axes, (1.7, 1.95), (6.5, 2.45), "1  ask – 401: ask the office for this scope")
    arrow(axes, (1.7, 1.75), (6.5, 2.0), "4  ask with the token", above=False)
    arrow(axes, (1.7, 1.2), (6.5, 0.85), "2  name, password, scope")
    arrow(axes, (6.5, 0.4), (1.7, 1.0), "3  signed token", above=False)
    arrow(axes, (7.45, 1.1), (7.45, 1.8), "")
    axes.text(7.55, 1.45, "certificate", fontsize=9)
    return figure


def _chain() -> Figure:
    figure, axes = canvas(8.6, 2.2)
    steps = (
        ("build", GREY),
        ("list\nSBOM", BLUE),
        ("scan\ngate", RED),
        ("push", GREY),
        ("sign", GREEN),
        ("admit", ORANGE),
    )
    for at, (name, colour) in enumerate(steps):
        x = 0.2 + at * 1.42
        box(axes, x, 1.0, 1.1, 0.9, name, colour)
        if at:
            arrow(axes, (x - 0.32, 1.45), (x, 1.45), "")
    notes = ("", "what is in it?", "known holes?", "by digest", "who says so?", "only what is\nsigned runs")
    for at, note in enumerate(notes):
        axes.text(0.75 + at * 1.42, 0.8, note, ha="center", va="top", fontsize=9)
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    "notebooks/3-01-push-pull-self-host/registry.svg": _registry,
    "notebooks/3-01-push-pull-self-host/mirror.svg": _mirror,
    "notebooks/3-02-public-and-private-registries/token.svg": _token,
    "notebooks/3-03-scan-sign-retain/chain.svg": _chain,
}
