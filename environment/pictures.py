"""The lessons' concept pictures: drawn by matplotlib, committed as SVG, checked for drift (`environment fix` draws them)."""

import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

_GREY, _BLUE, _GREEN, _ORANGE, _RED = "#eeeeee", "#d6e9f8", "#d5f0e3", "#fcebc5", "#fbdccb"


def _canvas(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return figure, axes


def _box(
    axes: Any, x: float, y: float, width: float, height: float, text: str, colour: str, *, top: bool = False
) -> None:
    axes.add_patch(
        FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.08", fc=colour, ec="#444444")
    )
    axes.text(
        x + width / 2,
        y + height - 0.12 if top else y + height / 2,
        text,
        ha="center",
        va="top" if top else "center",
        fontsize=10,
        color="#111111",
    )


def _arrow(
    axes: Any, start: tuple[float, float], end: tuple[float, float], text: str, *, above: bool = True, bend: float = 0
) -> None:
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "->", "color": "#333333", "connectionstyle": f"arc3,rad={bend}"}
    )
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    axes.text(
        x,
        y + (0.14 if above else -0.14),
        text,
        ha="center",
        va="bottom" if above else "top",
        fontsize=9,
        color="#111111",
        family="monospace",
    )


def _lifecycle() -> Figure:
    figure, axes = _canvas(8.6, 2.6)
    for x, text, colour in ((0.2, "created", _GREY), (2.9, "running", _GREEN), (5.6, "exited", _RED)):
        _box(axes, x, 1.5, 1.3, 0.6, text, colour)
    _box(axes, 2.9, 0.2, 1.3, 0.6, "paused", _ORANGE)
    _box(axes, 7.6, 1.5, 0.8, 0.6, "gone", "white")
    _arrow(axes, (1.5, 1.8), (2.9, 1.8), "start")
    _arrow(axes, (4.2, 1.95), (5.6, 1.95), "stop, kill, end")
    _arrow(axes, (5.6, 1.65), (4.2, 1.65), "start, restart", above=False)
    _arrow(axes, (6.9, 1.8), (7.6, 1.8), "rm")
    _arrow(axes, (3.3, 1.5), (3.3, 0.8), "")
    _arrow(axes, (3.8, 0.8), (3.8, 1.5), "")
    axes.text(2.75, 1.12, "pause", ha="center", fontsize=9, family="monospace")
    axes.text(4.45, 1.12, "unpause", ha="center", fontsize=9, family="monospace")
    return figure


def _container() -> Figure:
    figure, axes = _canvas(8.6, 3.2)
    _box(
        axes,
        0.2,
        0.2,
        8.2,
        0.7,
        "one kernel, shared by all – it hides (namespaces), limits (cgroups), allows (capabilities)",
        _GREY,
    )
    _box(axes, 0.2, 1.1, 2.3, 1.9, "ordinary processes\n\nsee the host's files,\nprocesses, network", "white")
    for x, name in ((2.9, "container A"), (5.8, "container B")):
        _box(axes, x, 1.1, 2.6, 1.9, name, _BLUE, top=True)
        _box(axes, x + 0.2, 1.25, 2.2, 0.5, "own root directory", "white")
        _box(axes, x + 0.2, 1.85, 2.2, 0.7, "process 1\nown pids, network, name", "white")
    return figure


def _docker() -> Figure:
    figure, axes = _canvas(8.6, 2.9)
    _box(axes, 0.2, 1.1, 1.5, 0.8, "Docker client\ndocker", _ORANGE)
    _box(axes, 2.7, 0.2, 3.7, 2.5, "Docker host", _GREY, top=True)
    _box(axes, 2.9, 1.1, 1.2, 0.8, "daemon\ndockerd", _BLUE)
    _box(axes, 4.9, 1.5, 1.3, 0.6, "containers", _GREEN)
    _box(axes, 4.9, 0.5, 1.3, 0.6, "images", "white")
    _box(axes, 7.2, 0.5, 1.2, 0.8, "registry", _ORANGE)
    _arrow(axes, (1.7, 1.5), (2.9, 1.5), "REST API")
    _arrow(axes, (4.1, 1.6), (4.9, 1.8), "run")
    _arrow(axes, (4.1, 1.3), (4.9, 0.9), "")
    _arrow(axes, (7.2, 0.9), (6.2, 0.8), "pull")
    _arrow(axes, (5.5, 1.1), (5.5, 1.5), "")
    return figure


def _layers() -> Figure:
    figure, axes = _canvas(8.6, 3.6)
    names = (
        ("writable layer of one container", "white"),
        ("your application", _ORANGE),
        ("its dependencies", _GREEN),
        ("runtime (Python, Node …)", _BLUE),
        ("OS libraries", _GREY),
        ("base image", _GREY),
    )
    for number, (text, colour) in enumerate(names):
        _box(axes, 0.3, 2.95 - number * 0.55, 4.2, 0.45, text, colour)
    axes.text(4.8, 3.17, "changes with every container, gone with it", fontsize=9, va="center")
    axes.text(4.8, 2.62, "changes with every build", fontsize=9, va="center")
    axes.text(4.8, 0.42, "changes rarely, shared by many images", fontsize=9, va="center")
    axes.text(4.8, 1.52, "read-only: the image", fontsize=9, va="center")
    return figure


def _networks() -> Figure:
    figure, axes = _canvas(8.6, 3.4)
    _box(axes, 0.2, 0.2, 6.6, 3.0, "host", _GREY, top=True)
    for y, name, colour in ((1.75, "network shop", _BLUE), (0.4, "network blog", _ORANGE)):
        _box(axes, 0.5, y, 4.6, 1.05, "", colour)
        axes.text(0.65, y + 0.85, f"{name}: a switch with DNS", fontsize=9)
    for x, y, name in ((0.8, 1.9, "web"), (2.9, 1.9, "db"), (0.8, 0.55, "blog")):
        _box(axes, x, y, 1.2, 0.55, name, _GREEN)
    _arrow(axes, (2.0, 2.17), (2.9, 2.17), "db:5432")
    _box(axes, 5.4, 1.75, 1.2, 1.05, "published\n127.0.0.1\n:8080", "white")
    _arrow(axes, (5.4, 2.35), (2.0, 2.3), "", bend=0.12)
    _box(axes, 7.3, 1.9, 1.1, 0.7, "your\nbrowser", "white")
    _arrow(axes, (7.3, 2.25), (6.6, 2.25), "")
    axes.text(5.3, 0.85, "no way from one\nnetwork to the other", fontsize=9)
    return figure


def _mounts() -> Figure:
    figure, axes = _canvas(8.6, 3.2)
    _box(axes, 0.2, 1.75, 8.2, 1.25, "container", _BLUE, top=True)
    places = (
        (0.4, "/ (own layer)", "goes with\nthe container", "white"),
        (2.5, "/data", "named volume,\nmanaged by Docker", _GREEN),
        (4.6, "/site", "bind mount: a\nfolder of the host", _ORANGE),
        (6.7, "/work", "tmpfs:\nmemory only", _RED),
    )
    for x, inside, outside, colour in places:
        _box(axes, x, 1.9, 1.5, 0.5, inside, "white")
        _box(axes, x, 0.3, 1.5, 0.8, outside, colour)
        axes.plot([x + 0.75, x + 0.75], [1.1, 1.9], color="#333333")
    return figure


def _stack() -> Figure:
    figure, axes = _canvas(8.6, 3.0)
    _box(axes, 1.9, 0.9, 6.5, 1.9, "", _BLUE)
    axes.text(2.05, 2.55, "app-network", fontsize=9)
    for x, text, colour in (
        (2.2, "web\nnginx, built here", _GREEN),
        (4.4, "db\npostgres:17", _ORANGE),
        (6.5, "redis\nredis:8", _ORANGE),
    ):
        _box(axes, x, 1.3, 1.6, 0.9, text, colour)
    _box(axes, 0.2, 1.4, 1.1, 0.7, "127.0.0.1\n:8080", "white")
    _arrow(axes, (1.3, 1.75), (2.2, 1.75), "")
    _arrow(axes, (3.8, 1.9), (4.4, 1.9), "")
    _box(axes, 4.4, 0.1, 1.6, 0.5, "volume db-data", _GREY)
    axes.plot([5.2, 5.2], [0.6, 1.3], color="#333333")
    _box(axes, 2.2, 0.1, 1.6, 0.5, "./app (bind)", _GREY)
    axes.plot([3.0, 3.0], [0.6, 1.3], color="#333333")
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    "notebooks/2-03-containers/lifecycle.svg": _lifecycle,
    "notebooks/2-05-networking/networks.svg": _networks,
    "notebooks/2-06-volumes/mounts.svg": _mounts,
    "notebooks/2-07-compose/stack.svg": _stack,
    "notebooks/2-02-images-and-layers/layers.svg": _layers,
    "notebooks/1-01-what-is-a-container/container.svg": _container,
    "notebooks/1-01-what-is-a-container/docker.svg": _docker,
}


def svg(place: str) -> str:
    """The picture as SVG text, the same on every machine (fonts stay text, no dates, fixed ids)."""
    content = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "containers-course", "svg.fonttype": "none", "font.family": "sans-serif"}):
        PICTURES[place]().savefig(content, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
