"""A picture of an image that gets better, step by step."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from helpers.quality import Quality
from helpers.views.picture import Picture


def steps(measured: Sequence[Quality]) -> Picture:
    """Four small bar charts – size, rebuild time, lint findings, vulnerabilities – with a bar an image, and its user."""
    figure = Figure(figsize=(8.4, 2.7), layout="constrained")
    rows = (
        ("MB", [one.size_mb for one in measured], "#0072b2", ""),
        ("seconds to rebuild", [one.rebuild_seconds for one in measured], "#009e73", "//"),
        ("lint findings", [one.findings for one in measured], "#e69f00", ".."),
        ("known vulnerabilities", [one.vulnerabilities for one in measured], "#d55e00", "xx"),
    )
    names = [one.name.split(":")[-1] for one in measured]
    for axes, (title, values, colour, hatch) in zip(figure.subplots(1, 4), rows, strict=True):
        bars = axes.bar(names, values, color=colour, hatch=hatch, edgecolor="white")
        axes.bar_label(bars, fmt="%.3g", fontsize=7)
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.tick_params(axis="x", rotation=45)
        axes.margins(y=0.2)
    return Picture(figure, "\n".join(repr(one).strip("<>") for one in measured))
