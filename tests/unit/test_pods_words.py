"""What a pod tells is read with care: one line, whole, no larger than a verdict can be."""

import base64

import pytest

from environment.errors import EnvironmentProblem
from environment.grading import judge, pod

TOLD = judge.Judged(verdicts=[{"grade_id": "a", "points": 2.0, "maximum": 3.0}], usage={"seconds": 4.0})


def _line(packed: bytes) -> str:
    return pod.MARK + base64.b64encode(packed).decode()


def test_a_verdict_comes_out_as_it_went_in() -> None:
    assert pod.told_in(f"✓ a step (1 s)\n{pod.tell(TOLD)}\n") == TOLD


@pytest.mark.parametrize(
    "log",
    [
        "",
        "Traceback …\nKilled",
        pod.tell(TOLD)[:-9],
        f"{pod.tell(TOLD)}\n{pod.tell(TOLD)}",
        _line(pod.pack({"verdicts": [], "surprise": 1})),
        _line(pod.pack([1, 2])),
        _line(pod.pack("x" * (pod.LARGEST + 1))),
        _line(b"no zlib"),
        pod.MARK + "ü",
    ],
    ids=["nothing", "killed", "cut", "two", "unknown", "no object", "a bomb", "not packed", "not base64"],
)
def test_anything_else_is_no_verdict(log: str) -> None:
    with pytest.raises(EnvironmentProblem, match="told no verdict that can be read"):
        pod.told_in(log)
