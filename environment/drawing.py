"""What the concept pictures are drawn with: a canvas in inches, boxes, arrows, five light colours that carry no meaning alone."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

GREY, BLUE, GREEN, ORANGE, RED = "#eeeeee", "#d6e9f8", "#d5f0e3", "#fcebc5", "#fbdccb"


def canvas(width: float, height: float) -> tuple[Figure, Any]:
    """An empty figure of that size, and axes whose unit is an inch."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return figure, axes


def box(
    axes: Any, x: float, y: float, width: float, height: float, text: str, colour: str, *, top: bool = False
) -> None:
    """A rounded box with its text in the middle, or at the `top`."""
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


def arrow(
    axes: Any, start: tuple[float, float], end: tuple[float, float], text: str, *, above: bool = True, bend: float = 0
) -> None:
    """An arrow with a text above or below its middle; `bend` curves it."""
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
