"""Pictures of containers: what they went through, and what they use."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from helpers import containers
from helpers.views.picture import COLOURS, HATCHES, Picture


def lifecycle(*names: str) -> Picture:
    """The lives of containers side by side: a bar a container, a colour and a pattern a state, seconds since the first."""
    lives = {name: list(containers.states(name)) for name in names}
    began = min((start for life in lives.values() for _, start, _ in life), default=0.0)
    figure = Figure(figsize=(8, 0.7 + 0.55 * len(names)), layout="constrained")
    axes = figure.subplots()
    shown: set[str] = set()
    for row, life in enumerate(lives.values()):
        for state, start, end in life:
            axes.barh(
                row,
                max(end - start, 0.03),
                left=start - began,
                height=0.6,
                color=COLOURS[state],
                hatch=HATCHES[state],
                edgecolor="white",
                label=None if state in shown else state,
            )
            shown.add(state)
    axes.set_yticks(range(len(names)), list(names))
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    if shown:
        axes.legend(ncols=len(shown), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    lines = [
        f"{name}: " + (", then ".join(f"{state} {end - start:.1f} s" for state, start, end in life) or "no events")
        for name, life in lives.items()
    ]
    return Picture(figure, "\n".join(lines))


def stats(series: Mapping[str, Sequence[Mapping[str, float]]]) -> Picture:
    """Memory (MB) and CPU (percent of one core) over time, from `Container.watch_stats` readings by name."""
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    memory, cpu = figure.subplots(1, 2)
    lines = []
    for (name, readings), style in zip(series.items(), ("-", "--", ":", "-."), strict=False):
        times = [reading["at"] for reading in readings]
        megabytes = [reading["memory_mb"] for reading in readings]
        percent = [reading.get("cpu_percent", 0.0) for reading in readings]
        memory.plot(times, megabytes, style, label=name)
        cpu.plot(times[1:], percent[1:], style, label=name)
        lines.append(f"{name}: memory up to {max(megabytes):.1f} MB, CPU up to {max(percent):.0f} % of one core")
    for axes, title in ((memory, "memory in MB"), (cpu, "CPU in % of one core")):
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("seconds")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=8)
    return Picture(figure, "\n".join(lines))
