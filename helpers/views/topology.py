"""A picture of a namespace: Ingress → Service → Pod ← ReplicaSet ← Deployment, with what is broken marked and said."""

from dataclasses import dataclass, field

from matplotlib.figure import Figure

from helpers import kube, pods
from helpers.manifests import Object
from helpers.views.picture import Picture

_COLUMNS = ("Ingress", "Service", "Pod", "ReplicaSet", "Deployment")
_OWNERS = ("StatefulSet", "DaemonSet", "Job")
_FINE, _BROKEN, _RESTING = "#d5f0e3", "#fbdccb", "#eeeeee"


@dataclass
class Node:
    """One object in the picture: its column, what is written in it, and what is wrong with it, if anything."""

    column: int
    kind: str
    name: str
    text: str = ""
    trouble: str = ""
    resting: bool = False
    links: list[tuple[str, str]] = field(default_factory=list)


def _matches(labels: dict[str, str], selector: dict[str, str]) -> bool:
    return bool(selector) and all(labels.get(name) == value for name, value in selector.items())


def _owner(found: Object) -> list[tuple[str, str]]:
    return [(one["kind"], one["name"]) for one in found["metadata"].get("ownerReferences") or []]


def _pods() -> list[Node]:
    nodes = []
    for one in kube.ls("Pod"):
        now = pods.state(one)
        done = one.get("status", {}).get("phase") == "Succeeded"
        trouble = "" if now.ready or now.moving or done else now.text
        short = "ready" if now.ready else ("done" if done else "not ready")
        nodes.append(Node(2, "Pod", one["metadata"]["name"], short, trouble, done, _owner(one)))
    return nodes


def _owners() -> list[Node]:
    nodes = []
    for one in kube.ls("ReplicaSet"):
        wanted = one["spec"].get("replicas", 0)
        text = f"wants {wanted}, ready {one.get('status', {}).get('readyReplicas', 0)}"
        nodes.append(Node(3, "ReplicaSet", one["metadata"]["name"], text, "", not wanted, _owner(one)))
    for kind in ("Deployment", *_OWNERS):
        column = 4 if kind == "Deployment" else 3
        nodes += [Node(column, kind, one["metadata"]["name"]) for one in kube.ls(kind)]
    return nodes


def _services(running: list[Object]) -> list[Node]:
    nodes = []
    for one in kube.ls("Service"):
        selector = one["spec"].get("selector") or {}
        behind = [pod for pod in running if _matches(pod["metadata"].get("labels") or {}, selector)]
        ready = sum(pods.is_ready(pod) for pod in behind)
        words = ", ".join(f"{name}={value}" for name, value in selector.items()) or "no selector"
        trouble = "" if ready else (f"no pod has {words}" if not behind else "none of its pods is ready")
        links = [("Pod", pod["metadata"]["name"]) for pod in behind]
        nodes.append(Node(1, "Service", one["metadata"]["name"], words, trouble if selector else "", links=links))
    return nodes


def _ingresses(services: list[Node]) -> list[Node]:
    nodes, known = [], {one.name for one in services}
    for one in kube.ls("Ingress"):
        paths = [
            path for rule in one["spec"].get("rules") or [] for path in (rule.get("http") or {}).get("paths") or []
        ]
        targets = [path["backend"]["service"]["name"] for path in paths if "service" in path["backend"]]
        lost = [name for name in targets if name not in known]
        trouble = f"there is no Service '{lost[0]}'" if lost else ""
        nodes.append(
            Node(0, "Ingress", one["metadata"]["name"], "", trouble, links=[("Service", name) for name in targets])
        )
    return nodes


def topology() -> Picture:
    """The objects of the lesson's namespace and who belongs to whom; broken ones are red, crossed, and explained."""
    services = _services(kube.ls("Pod"))
    nodes = [*_ingresses(services), *services, *_pods(), *_owners()]
    used = sorted({node.column for node in nodes}) or [0]
    heights = {column: [node for node in nodes if node.column == column] for column in used}
    rows = max(len(column) for column in heights.values()) if nodes else 1
    figure = Figure(figsize=(2.2 * len(used) + 0.4, 0.62 * rows + 0.5), layout="constrained")
    axes = figure.subplots()
    axes.axis("off")
    axes.set_xlim(-0.55, len(used) - 0.45)
    axes.set_ylim(-rows + 0.4, 0.9)
    place = {}
    for x, column in enumerate(used):
        axes.text(x, 0.75, _COLUMNS[column], ha="center", fontsize=9, fontweight="bold")
        step = rows / len(heights[column])
        for number, node in enumerate(heights[column]):
            place[node.kind, node.name] = (x, -number * step - (step - 1) / 2)
    lines = []
    for node in nodes:
        x, y = place[node.kind, node.name]
        for target in node.links:
            if target in place:
                axes.plot([x, place[target][0]], [y, place[target][1]], color="#7f7f7f", linewidth=1, zorder=0)
        colour = _BROKEN if node.trouble else (_RESTING if node.resting else _FINE)
        # The end of a name tells pods apart.
        name = node.name if len(node.name) <= 26 else f"…{node.name[-25:]}"
        text = f"{'✗ ' if node.trouble else ''}{name}" + (f"\n{node.text[:30]}" if node.text else "")
        box = {"boxstyle": "round,pad=0.3", "fc": colour, "ec": "#d55e00" if node.trouble else "#444444"}
        axes.text(x, y, text, ha="center", va="center", fontsize=7.5, bbox=box)
        targets = ", ".join(name for _, name in node.links)
        lines.append(
            f"{node.kind} {node.name}: {node.text}" + (f" – belongs to or leads to {targets}" if targets else "")
        )
        lines += [f"  ✗ {node.trouble}"] if node.trouble else []
    return Picture(figure, "\n".join(lines) or "the namespace is empty")
