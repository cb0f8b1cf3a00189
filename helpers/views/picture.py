"""One visual language for all pictures: Okabe and Ito's colours (told apart by colour-blind people) and patterns beside
them, a white ground that reads in light and dark theme, and the same content as text."""

import base64
import html
import io
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {"created": "#999999", "running": "#009e73", "paused": "#e69f00", "exited": "#d55e00"}
HATCHES = {"created": "..", "running": "", "paused": "//", "exited": "xx"}


#: How boxes with a name in them are drawn.
BOX = {"boxstyle": "round,pad=0.35", "ec": "#444444"}


def two_columns(rows: int) -> tuple[Figure, Axes]:
    """A canvas for things on the left and on the right: x from 0 to 10, y from 0 (the first row) down to -rows."""
    figure = Figure(figsize=(8, 0.5 + 0.6 * rows), layout="constrained")
    axes = figure.subplots()
    axes.axis("off")
    axes.set_xlim(0, 10)
    axes.set_ylim(-rows + 0.4, 0.6)
    return figure, axes


@dataclass(frozen=True)
class Picture:
    """A figure and its text twin; JupyterLab shows the figure, screen readers and logs get the text.

    As HTML, since JupyterLab gives a bare PNG no alternative text.
    """

    figure: Figure
    text: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        content = io.BytesIO()
        self.figure.savefig(content, format="png", dpi=110, facecolor="white", bbox_inches="tight")
        source = base64.b64encode(content.getvalue()).decode()
        picture = f'<img alt="{html.escape(self.text)}" src="data:image/png;base64,{source}">'
        return {"text/html": picture, "text/plain": self.text}
