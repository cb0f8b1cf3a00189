"""A picture of what the daemon said about a container."""

import time

from matplotlib.figure import Figure

from helpers.engine import client
from helpers.lessons import attached
from helpers.views.picture import Picture

_ROWS = ("image", "container", "network", "volume")
_MARKS = {"image": "D", "container": "o", "network": "s", "volume": "^"}
_COLOURS = {"image": "#cc79a7", "container": "#0072b2", "network": "#009e73", "volume": "#d55e00"}


def events(name: str) -> Picture:
    """The events of the container `name`, and of networks and volumes on its account, since the lesson was opened: a row a
    kind of object, in seconds since the first."""
    until = f"{time.time():.9f}"
    said = list(client().events(since=f"{attached().opened_at:.9f}", until=until, decode=True))
    ids = {one["Actor"]["ID"] for one in said if one["Actor"].get("Attributes", {}).get("name") == name}
    mine = [
        one
        for one in said
        if one["Type"] in _ROWS and ({one["Actor"]["ID"], one["Actor"].get("Attributes", {}).get("container")} & ids)
    ]
    began = mine[0]["timeNano"] if mine else 0
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    lines, last = [], dict.fromkeys(_ROWS, -1.0)
    for number, one in enumerate(mine):
        at, kind = (one["timeNano"] - began) / 1e9, one["Type"]
        action = str(one["Action"]).split(":")[0]
        row = _ROWS.index(kind)
        axes.plot(at, row, _MARKS[kind], color=_COLOURS[kind])
        if at - last[kind] > 0.08 or kind != "container":
            axes.annotate(
                action, (at, row), xytext=(0, 8 + 9 * (number % 2)), textcoords="offset points", fontsize=7, ha="center"
            )
        last[kind] = at
        lines.append(f"{at:6.3f} s  {kind}: {one['Action']}")
    axes.set_yticks(range(len(_ROWS)), _ROWS)
    axes.set_ylim(-0.5, len(_ROWS) - 0.2)
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    return Picture(figure, "\n".join(lines) or f"nothing was said about '{name}'")
