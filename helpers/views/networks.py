"""A picture of who is connected to what."""

from matplotlib.figure import Figure

from helpers import containers
from helpers.views.picture import Picture


def connections(*names: str) -> Picture:
    """Containers on the left, networks on the right, a line for each membership with the address it gave."""
    members = {
        name: {
            network: str(row["IPAddress"] or "no address")
            for network, row in containers.get(name).attrs["NetworkSettings"]["Networks"].items()
        }
        for name in names
    }
    wires = sorted({network for rows in members.values() for network in rows})
    rows = max(len(members), len(wires), 1)
    figure = Figure(figsize=(8, 0.5 + 0.6 * rows), layout="constrained")
    axes = figure.subplots()
    axes.axis("off")
    axes.set_xlim(0, 10)
    axes.set_ylim(-rows + 0.4, 0.6)
    place = {network: -number * rows / max(len(wires), 1) for number, network in enumerate(wires)}
    box = {"boxstyle": "round,pad=0.35", "ec": "#444444"}
    lines = []
    for number, (name, rows_of) in enumerate(members.items()):
        height = -number * rows / len(members)
        for network, address in rows_of.items():
            axes.plot([2.2, 7.4], [height, place[network]], color="#0072b2", linewidth=1.5)
            axes.text(
                3.4,
                height + (place[network] - height) * 0.23,
                address,
                fontsize=8,
                family="monospace",
                backgroundcolor="white",
            )
        axes.text(1.3, height, name, ha="center", va="center", bbox={**box, "fc": "#d5f0e3"})
        lines.append(
            f"{name}: " + (", ".join(f"{network} ({address})" for network, address in rows_of.items()) or "no network")
        )
    for network, height in place.items():
        axes.text(
            8.4, height, f"network\n{network}", ha="center", va="center", fontsize=9, bbox={**box, "fc": "#d6e9f8"}
        )
    return Picture(figure, "\n".join(lines))
