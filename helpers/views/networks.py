"""A picture of who is connected to what."""

from helpers import containers
from helpers.views.picture import BOX, Picture, two_columns


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
    figure, axes = two_columns(rows)
    place = {network: -number * rows / max(len(wires), 1) for number, network in enumerate(wires)}
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
        axes.text(1.3, height, name, ha="center", va="center", bbox={**BOX, "fc": "#d5f0e3"})
        lines.append(
            f"{name}: " + (", ".join(f"{network} ({address})" for network, address in rows_of.items()) or "no network")
        )
    for network, height in place.items():
        axes.text(
            8.4, height, f"network\n{network}", ha="center", va="center", fontsize=9, bbox={**BOX, "fc": "#d6e9f8"}
        )
    return Picture(figure, "\n".join(lines))
