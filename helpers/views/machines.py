"""A picture of a container and a virtual machine side by side."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from helpers.views.picture import Picture


def versus(measured: Mapping[str, tuple[float, float]]) -> Picture:
    """One small bar chart a measure: `{"seconds to start": (container, machine)}`. The scales are logarithmic, because
    the differences are factors."""
    figure = Figure(figsize=(8.4, 2.6), layout="constrained")
    lines = []
    for axes, (title, values) in zip(figure.subplots(1, len(measured)), measured.items(), strict=True):
        bars = axes.bar(
            ["container", "machine"], values, color=["#0072b2", "#e69f00"], hatch=["", "//"], edgecolor="white"
        )
        axes.bar_label(bars, fmt="%.3g", fontsize=8)
        axes.set_yscale("log")
        axes.set_ylim(min(values) / 3, max(values) * 3)
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=8)
        lines.append(f"{title}: container {values[0]:.3g}, machine {values[1]:.3g} ({values[1] / values[0]:.0f} ×)")
    return Picture(figure, "\n".join(lines))
