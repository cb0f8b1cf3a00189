"""The lessons' concept pictures: drawn by matplotlib, committed as SVG, checked for drift (`environment fix` draws them)."""

import io
from collections.abc import Callable

import matplotlib as mpl
from matplotlib.figure import Figure

from environment import pictures_kubernetes, pictures_mesh, pictures_registries
from environment.drawing import BLUE, GREEN, GREY, ORANGE, RED, arrow, box, canvas


def _lifecycle() -> Figure:
    figure, axes = canvas(8.6, 2.6)
    for x, text, colour in ((0.2, "created", GREY), (2.9, "running", GREEN), (5.6, "exited", RED)):
        box(axes, x, 1.5, 1.3, 0.6, text, colour)
    box(axes, 2.9, 0.2, 1.3, 0.6, "paused", ORANGE)
    box(axes, 7.6, 1.5, 0.8, 0.6, "gone", "white")
    arrow(axes, (1.5, 1.8), (2.9, 1.8), "start")
    arrow(axes, (4.2, 1.95), (5.6, 1.95), "stop, kill, end")
    arrow(axes, (5.6, 1.65), (4.2, 1.65), "start, restart", above=False)
    arrow(axes, (6.9, 1.8), (7.6, 1.8), "rm")
    arrow(axes, (3.3, 1.5), (3.3, 0.8), "")
    arrow(axes, (3.8, 0.8), (3.8, 1.5), "")
    axes.text(2.75, 1.12, "pause", ha="center", fontsize=9, family="monospace")
    axes.text(4.45, 1.12, "unpause", ha="center", fontsize=9, family="monospace")
    return figure


def _container() -> Figure:
    figure, axes = canvas(8.6, 3.2)
    box(
        axes,
        0.2,
        0.2,
        8.2,
        0.7,
        "one kernel, shared by all – it hides (namespaces), limits (cgroups), allows (capabilities)",
        GREY,
    )
    box(axes, 0.2, 1.1, 2.3, 1.9, "ordinary processes\n\nsee the host's files,\nprocesses, network", "white")
    for x, name in ((2.9, "container A"), (5.8, "container B")):
        box(axes, x, 1.1, 2.6, 1.9, name, BLUE, top=True)
        box(axes, x + 0.2, 1.25, 2.2, 0.5, "own root directory", "white")
        box(axes, x + 0.2, 1.85, 2.2, 0.7, "process 1\nown pids, network, name", "white")
    return figure


def _docker() -> Figure:
    figure, axes = canvas(8.6, 2.9)
    box(axes, 0.2, 1.1, 1.5, 0.8, "Docker client\ndocker", ORANGE)
    box(axes, 2.7, 0.2, 3.7, 2.5, "Docker host", GREY, top=True)
    box(axes, 2.9, 1.1, 1.2, 0.8, "daemon\ndockerd", BLUE)
    box(axes, 4.9, 1.5, 1.3, 0.6, "containers", GREEN)
    box(axes, 4.9, 0.5, 1.3, 0.6, "images", "white")
    box(axes, 7.2, 0.5, 1.2, 0.8, "registry", ORANGE)
    arrow(axes, (1.7, 1.5), (2.9, 1.5), "REST API")
    arrow(axes, (4.1, 1.6), (4.9, 1.8), "run")
    arrow(axes, (4.1, 1.3), (4.9, 0.9), "")
    arrow(axes, (7.2, 0.9), (6.2, 0.8), "pull")
    arrow(axes, (5.5, 1.1), (5.5, 1.5), "")
    return figure


def _layers() -> Figure:
    figure, axes = canvas(8.6, 3.6)
    names = (
        ("writable layer of one container", "white"),
        ("your application", ORANGE),
        ("its dependencies", GREEN),
        ("runtime (Python, Node …)", BLUE),
        ("OS libraries", GREY),
        ("base image", GREY),
    )
    for number, (text, colour) in enumerate(names):
        box(axes, 0.3, 2.95 - number * 0.55, 4.2, 0.45, text, colour)
    axes.text(4.8, 3.17, "changes with every container, gone with it", fontsize=9, va="center")
    axes.text(4.8, 2.62, "changes with every build", fontsize=9, va="center")
    axes.text(4.8, 0.42, "changes rarely, shared by many images", fontsize=9, va="center")
    axes.text(4.8, 1.52, "read-only: the image", fontsize=9, va="center")
    return figure


def _networks() -> Figure:
    figure, axes = canvas(8.6, 3.4)
    box(axes, 0.2, 0.2, 6.6, 3.0, "host", GREY, top=True)
    for y, name, colour in ((1.75, "network shop", BLUE), (0.4, "network blog", ORANGE)):
        box(axes, 0.5, y, 4.6, 1.05, "", colour)
        axes.text(0.65, y + 0.85, f"{name}: a switch with DNS", fontsize=9)
    for x, y, name in ((0.8, 1.9, "db"), (3.4, 1.9, "web"), (3.4, 0.55, "blog")):
        box(axes, x, y, 1.2, 0.55, name, GREEN)
    arrow(axes, (3.4, 2.17), (2.0, 2.17), "db:5432", above=False)
    box(axes, 5.4, 1.75, 1.2, 1.05, "published\n127.0.0.1\n:8080", "white")
    arrow(axes, (5.4, 2.17), (4.6, 2.17), "")
    box(axes, 7.3, 1.9, 1.1, 0.7, "your\nbrowser", "white")
    arrow(axes, (7.3, 2.25), (6.6, 2.25), "")
    axes.text(5.3, 0.85, "no way from one\nnetwork to the other", fontsize=9)
    return figure


def _mounts() -> Figure:
    figure, axes = canvas(8.6, 3.2)
    box(axes, 0.2, 1.75, 8.2, 1.25, "container", BLUE, top=True)
    places = (
        (0.4, "/ (own layer)", "goes with\nthe container", "white"),
        (2.5, "/data", "named volume,\nmanaged by Docker", GREEN),
        (4.6, "/site", "bind mount: a\nfolder of the host", ORANGE),
        (6.7, "/work", "tmpfs:\nmemory only", RED),
    )
    for x, inside, outside, colour in places:
        box(axes, x, 1.9, 1.5, 0.5, inside, "white")
        box(axes, x, 0.3, 1.5, 0.8, outside, colour)
        axes.plot([x + 0.75, x + 0.75], [1.1, 1.9], color="#333333")
    return figure


def _stack() -> Figure:
    figure, axes = canvas(8.6, 3.0)
    box(axes, 1.9, 0.9, 6.5, 1.9, "", BLUE)
    axes.text(2.05, 2.55, "app-network", fontsize=9)
    for x, text, colour in (
        (2.2, "web\nnginx, built here", GREEN),
        (4.4, "db\npostgres:17", ORANGE),
        (6.5, "redis\nredis:8", ORANGE),
    ):
        box(axes, x, 1.3, 1.6, 0.9, text, colour)
    box(axes, 0.2, 1.4, 1.1, 0.7, "127.0.0.1\n:8080", "white")
    arrow(axes, (1.3, 1.75), (2.2, 1.75), "")
    arrow(axes, (3.8, 1.9), (4.4, 1.9), "")
    box(axes, 4.4, 0.1, 1.6, 0.5, "volume db-data", GREY)
    axes.plot([5.2, 5.2], [0.6, 1.3], color="#333333")
    box(axes, 2.2, 0.1, 1.6, 0.5, "./app (bind)", GREY)
    axes.plot([3.0, 3.0], [0.6, 1.3], color="#333333")
    return figure


def _engine() -> Figure:
    figure, axes = canvas(8.4, 2.4)
    box(axes, 0.1, 1.1, 1.7, 0.8, "client\ndocker run nginx", ORANGE)
    box(axes, 2.8, 0.2, 2.9, 2.0, "Docker host", GREY, top=True)
    box(axes, 3.0, 1.25, 2.5, 0.55, "dockerd", BLUE)
    box(axes, 3.0, 0.4, 1.3, 0.5, "containerd, runc", BLUE)
    box(axes, 4.6, 0.4, 0.9, 0.5, "containers", GREEN)
    box(axes, 7.0, 1.1, 1.3, 0.8, "registry", ORANGE)
    arrow(axes, (1.8, 1.5), (3.0, 1.5), "")
    axes.text(2.3, 1.62, "REST API", ha="center", fontsize=9, family="monospace")
    arrow(axes, (3.65, 1.25), (3.65, 0.9), "")
    arrow(axes, (4.3, 0.65), (4.6, 0.65), "")
    arrow(axes, (5.5, 1.5), (7.0, 1.5), "")
    axes.text(6.35, 1.62, "push, pull", ha="center", fontsize=9, family="monospace")
    return figure


def _stacks() -> Figure:
    figure, axes = canvas(8.6, 3.7)
    for left, title in ((0.2, "containers"), (4.5, "virtual machines")):
        axes.text(left + 1.95, 3.5, title, ha="center", fontsize=11, weight="bold")
        box(axes, left, 0.1, 3.9, 0.45, "hardware", "white")
        box(axes, left, 0.65, 3.9, 0.55, "the host's kernel", GREY)
    box(axes, 4.5, 1.3, 3.9, 0.5, "hypervisor (QEMU, KVM, Hyper-V, …)", ORANGE)
    for x in (0.2, 1.55, 2.9):
        box(axes, x, 1.3, 1.2, 0.85, "libraries\nand files", "white")
        box(axes, x, 2.25, 1.2, 0.55, "process", BLUE)
    for x in (4.5, 5.85, 7.2):
        box(axes, x, 1.9, 1.2, 0.5, "its own kernel", GREY)
        box(axes, x, 2.45, 1.2, 0.45, "libraries", "white")
        box(axes, x, 2.95, 1.2, 0.4, "process", BLUE)
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    **pictures_kubernetes.PICTURES,
    **pictures_registries.PICTURES,
    **pictures_mesh.PICTURES,
    "notebooks/2-01-engine/engine.svg": _engine,
    "notebooks/2-03-containers/lifecycle.svg": _lifecycle,
    "notebooks/2-05-networking/networks.svg": _networks,
    "notebooks/2-06-volumes/mounts.svg": _mounts,
    "notebooks/2-07-compose/stack.svg": _stack,
    "notebooks/2-02-images-and-layers/layers.svg": _layers,
    "notebooks/1-01-what-is-a-container/container.svg": _container,
    "notebooks/1-01-what-is-a-container/docker.svg": _docker,
    "notebooks/1-02-containers-vs-vms/stacks.svg": _stacks,
}


def svg(place: str) -> str:
    """The picture as SVG text, the same on every machine (fonts stay text, no dates, fixed ids)."""
    content = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "containers-course", "svg.fonttype": "none", "font.family": "sans-serif"}):
        PICTURES[place]().savefig(content, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
