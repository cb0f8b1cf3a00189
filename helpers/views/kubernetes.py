"""Pictures of a namespace: what its pods went through, what came of requests, and who belongs to whom."""

from matplotlib.figure import Figure

from helpers.recording import Film
from helpers.traffic import Traffic
from helpers.views.picture import Picture

#: Okabe and Ito's colours, with a pattern beside each: no meaning by colour alone.
_STAGES = {
    "waiting": ("#999999", ".."),
    "running": ("#56b4e9", "//"),
    "ready": ("#009e73", ""),
    "ending": ("#e69f00", "\\\\"),
    "done": ("#0072b2", "++"),
    "failed": ("#d55e00", "xx"),
}
_ANSWERS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00")
_MARKS = ("o", "s", "^", "D")


def timeline(film: Film) -> Picture:
    """The lives of the pods that a recording saw: a bar a pod, a colour and a pattern a stage."""
    lives = film.stretches()
    figure = Figure(figsize=(8, 0.8 + 0.36 * max(len(lives), 1)), layout="constrained")
    axes = figure.subplots()
    shown: set[str] = set()
    lines = [film.problem] if film.problem else []
    for row, (name, life) in enumerate(lives.items()):
        for stage, start, end in life:
            colour, hatch = _STAGES[stage]
            label = None if stage in shown else stage
            axes.barh(
                row,
                max(end - start, 0.05),
                left=start,
                height=0.65,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                label=label,
            )
            shown.add(stage)
        lines.append(
            f"{name} ({film.images[name]}): "
            + ", then ".join(f"{stage} {end - start:.1f} s" for stage, start, end in life)
        )
    axes.set_yticks(range(len(lives)), [f"{name}  {film.images[name]}" for name in lives], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    if shown:
        axes.legend(ncols=len(shown), loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False, fontsize=8)
    return Picture(figure, "\n".join(lines) or "no pods were seen")


def requests(seen: Traffic) -> Picture:
    """Who answered when, and how long it took; failures on a line of their own below."""
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    for number, what in enumerate(sorted({what for _, what, _ in seen.answers if what})):
        points = [(at, 1000 * took) for at, who, took in seen.answers if who == what]
        axes.plot(
            *zip(*points, strict=True),
            _MARKS[number % 4],
            color=_ANSWERS[number % 4],
            markersize=3,
            label=f"{what}: {len(points)}",
        )
    lost = [at for at, what, _ in seen.answers if not what]
    if lost:
        axes.plot(lost, [-5] * len(lost), "x", color="#d55e00", markersize=6, label=f"no answer: {len(lost)}")
    axes.set_xlabel("seconds")
    axes.set_ylabel("milliseconds to the answer")
    axes.legend(frameon=False, fontsize=8, loc="upper right")
    return Picture(figure, repr(seen).strip("<>"))
