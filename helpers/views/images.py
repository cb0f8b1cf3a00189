"""Pictures of images: what each layer adds."""

from matplotlib.figure import Figure

from helpers import images
from helpers.views.picture import Picture

#: Okabe and Ito's colours again, and patterns beside them: neighbours in a stack must not look alike.
_LOOKS = (
    ("#56b4e9", ""),
    ("#e69f00", "//"),
    ("#009e73", ".."),
    ("#cc79a7", "xx"),
    ("#f0e442", "\\\\"),
    ("#d55e00", "--"),
)
_LONGEST = 46


def layers(*references: str) -> Picture:
    """Images side by side as stacks: each step that added files is a block, as high as the megabytes it added."""
    added = {one: [step for step in images.get(one).steps() if step["mb"] > 0] for one in references}
    height = sum(1.7 + 0.16 * len(steps) for steps in added.values())  # the bar, and a line of the legend a step
    figure = Figure(figsize=(8, 0.5 + height), layout="constrained")
    rows = figure.subplots(len(references), 1, squeeze=False)[:, 0]
    lines = []
    for axes, reference in zip(rows, references, strict=True):
        steps = added[reference]
        left, total = 0.0, sum(step["mb"] for step in steps)
        for number, step in enumerate(steps):
            colour, hatch = _LOOKS[number % len(_LOOKS)]
            # A layer of a few bytes would be invisible: every block gets a width that can be seen.
            width = max(step["mb"], total * 0.012)
            label = f"{step['mb']:.2f} MB  {step['by'][:_LONGEST]}".replace("$", r"\$")
            axes.barh(0, width, left=left, height=0.6, color=colour, hatch=hatch, edgecolor="white", label=label)
            left += width
        axes.set_title(
            f"{reference}: {len(steps)} step{'s' * (len(steps) != 1)} that added files, {total:.1f} MB",
            fontsize=10,
            loc="left",
        )
        axes.set_yticks([])
        axes.set_xlabel("MB, uncompressed; the lowest layer on the left", fontsize=8)
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(0, -0.35),
            frameon=False,
            fontsize=8,
            prop={"family": "monospace", "size": 7},
        )
        lines += [f"{reference}: {total:.1f} MB", *(f"  {step['mb']:8.2f} MB  {step['by']}" for step in steps)]
    return Picture(figure, "\n".join(lines))
