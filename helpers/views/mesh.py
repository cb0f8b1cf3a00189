"""Pictures of a mesh: who calls whom, how calls were shared over time, and the way of a single one."""

from collections import Counter

from matplotlib.figure import Figure

from helpers import proxies
from helpers.tracing import Span, Trace
from helpers.traffic import Traffic
from helpers.views.picture import BOX, Picture, two_columns

#: Okabe and Ito's colours, with a pattern beside each: no meaning by colour alone.
_VERSIONS = (("#0072b2", ""), ("#009e73", "//"), ("#cc79a7", ".."), ("#e69f00", "\\\\"))
_FAILED = ("#d55e00", "xx")


def traffic(*apps: str) -> Picture:
    """Who called whom since the proxies of these apps were started: how often, what failed, and whether it was encrypted."""
    edges = proxies.edges(*apps)
    sources = list(dict.fromkeys(edge.source for edge in edges))
    targets = list(dict.fromkeys((edge.target, edge.subset) for edge in edges))
    rows = max(len(targets), len(sources), 1)
    figure, axes = two_columns(rows)
    left = {name: -number * rows / len(sources) for number, name in enumerate(sources)}
    right = {name: -number * rows / len(targets) for number, name in enumerate(targets)}
    total = Counter[str]()
    for edge in edges:
        total[edge.source] += edge.answers
    lines: list[str] = []
    told_of: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        start, end = left[edge.source], right[edge.target, edge.subset]
        share = edge.answers / total[edge.source]
        colour = _FAILED[0] if edge.failures else _VERSIONS[0][0]
        line = "solid" if edge.encrypted else "dotted"
        axes.plot([1.8, 5.2], [start, end], color=colour, linewidth=0.8 + 4 * share, linestyle=line, zorder=0)
        told = f"{edge.answers} calls ({share:.0%}), " + ("mutual TLS" if edge.encrypted else "plain text")
        told += f", {edge.failures} failed" if edge.failures else ""
        told_of.setdefault((edge.target, edge.subset), []).append(f"{edge.source}: {told}")
        lines.append(f"{edge.source} → {_name(edge.target, edge.subset)}: {told}")
    for name, height in left.items():
        axes.text(1.2, height, name, ha="center", va="center", bbox={**BOX, "fc": "#d5f0e3"})
    for (name, subset), height in right.items():
        text = _name(name, subset)
        axes.text(5.4, height, text, va="center", fontsize=9, bbox={**BOX, "fc": "#d6e9f8"})
        axes.text(7.0, height, "\n".join(told_of[name, subset]), va="center", fontsize=8)
    return Picture(figure, "\n".join(lines) or "no calls were counted")


def _name(target: str, subset: str) -> str:
    return f"{target} ({subset})" if subset else target


def shares(seen: Traffic, *, step: float = 0.5) -> Picture:
    """Which version answered, second by second, as shares of all calls; failures on top."""
    names = [*sorted({what for _, what, _ in seen.answers if what}), ""]
    slots: dict[int, Counter[str]] = {}
    for at, what, _ in seen.answers:
        slots.setdefault(int(at / step), Counter())[what] += 1
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    for number, slot in slots.items():
        below = 0.0
        for position, name in enumerate(names):
            share = 100 * slot[name] / sum(slot.values())
            colour, hatch = _VERSIONS[position % 4] if name else _FAILED
            axes.bar(
                number * step, share, step, below, align="edge", color=colour, hatch=hatch, edgecolor="white", lw=0
            )
            below += share
    for position, name in enumerate(names):
        count = seen.shares().get(name or "no answer", 0)
        colour, hatch = _VERSIONS[position % 4] if name else _FAILED
        if count:
            axes.bar(0, 0, color=colour, hatch=hatch, edgecolor="white", label=f"{name or 'failed'}: {count}")
    axes.set_xlabel("seconds")
    axes.set_ylabel("% of the calls")
    if seen.answers:
        axes.legend(ncols=5, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=8)
    parts = []
    for number in sorted(slots):
        told = ", ".join(f"{count} × {name or 'failed'}" for name, count in sorted(slots[number].items()))
        parts.append(f"{number * step:.1f} s: {told}")
    return Picture(figure, "\n".join(parts) or "no calls were made")


def spans(trace: Trace | None) -> Picture:
    """The way of one call: a bar a span, from its beginning to its end; servers' bars are filled, callers' hatched."""
    parts = trace.spans if trace else []
    figure = Figure(figsize=(8, 0.7 + 0.36 * max(len(parts), 1)), layout="constrained")
    axes = figure.subplots()
    lines = []
    for row, one in enumerate(parts):
        start, took = (one.start - parts[0].start) / 1000, one.duration / 1000
        colour, hatch = _VERSIONS[3] if one.kind == "CLIENT" else _VERSIONS[0]
        axes.barh(row, max(took, 0.05), left=start, height=0.6, color=colour, hatch=hatch, edgecolor="white")
        axes.text(start + max(took, 0.05), row, f"  {took:.1f} ms", va="center", fontsize=8)
        lines.append(f"{_part(one)}: {one.name}, from {start:.1f} ms, {took:.1f} ms long")
    axes.set_yticks(range(len(parts)), list(map(_part, parts)), fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("milliseconds")
    if not parts:
        axes.axis("off")
        axes.text(0.5, 0.5, "no trace yet", ha="center")
    return Picture(figure, "\n".join(lines) or "no trace yet")


def _part(span: Span) -> str:
    return f"{span.service} ({'caller' if span.kind == 'CLIENT' else 'server'})"
