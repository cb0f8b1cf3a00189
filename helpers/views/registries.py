"""Pictures of what a registry holds."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers import registries
from helpers.errors import NotFound
from helpers.views.picture import Picture

#: Okabe and Ito's colours, a kind of content each; the kind is written in the box, too.
_COLOURS = {"tag": "#f0e442", "index": "#cc79a7", "manifest": "#56b4e9", "config": "#e69f00", "layer": "#009e73"}
_Node = tuple[int, str, str]


def _walk(store: registries.Registry, repository: str, digest: str, depth: int) -> list[_Node]:
    """The content that a digest leads to: (depth, kind, words), in the order of a pull."""
    try:
        found: dict[str, Any] = store.manifest(repository, digest)
    except NotFound:
        return [(depth, "manifest", f"{digest[7:19]}… not in this registry")]
    short = digest[7:19] if digest.startswith("sha256:") else digest
    if "manifests" in found:
        rows: list[_Node] = [(depth, "index", f"{short}… {len(found['manifests'])} entries")]
        for row in found["manifests"]:
            rows += _walk(store, repository, row["digest"], depth + 1)
        return rows
    blobs = [(found["config"], "config"), *((layer, "layer") for layer in found["layers"])]
    rows = [(depth, "manifest", f"{short}…")]
    return rows + [(depth + 1, kind, f"{blob['digest'][7:19]}… {blob['size'] / 1000:.1f} kB") for blob, kind in blobs]


def registry_tree(store: registries.Registry, repository: str, tag: str) -> Picture:
    """What a tag leads to, from the top – the order in which a pull asks for it."""
    nodes: list[_Node] = [(0, "tag", f"{repository}:{tag}")]
    nodes += _walk(store, repository, store.digest(repository, tag), 1)
    figure = Figure(figsize=(7.5, 0.5 + 0.45 * len(nodes)), layout="constrained")
    axes = figure.subplots()
    above: dict[int, int] = {}
    for row, (depth, kind, words) in enumerate(nodes):
        colour = _COLOURS[kind]
        box = FancyBboxPatch(
            (depth * 1.2, -row - 0.35), 4.2, 0.7, boxstyle="round,pad=0.02", fc=colour, ec="black", lw=0.6
        )
        axes.add_patch(box)
        axes.text(depth * 1.2 + 0.12, -row, kind, va="center", fontsize=8, fontweight="bold")
        axes.text(depth * 1.2 + 1.15, -row, words, va="center", fontsize=8, family="monospace")
        if depth:
            parent = above[depth - 1]
            corner = (depth - 1) * 1.2 + 0.4
            axes.plot([corner, corner, depth * 1.2], [-parent - 0.35, -row, -row], color="black", lw=0.8)
        above[depth] = row
    axes.set_xlim(-0.1, 1.2 * max(depth for depth, _, _ in nodes) + 4.5)
    axes.set_ylim(-len(nodes) + 0.4, 0.6)
    axes.axis("off")
    text = "\n".join(f"{'  ' * depth}{kind}: {words}" for depth, kind, words in nodes)
    return Picture(figure, text)
