"""The grammar of checks: three verdicts, earned waiting, safe feedback."""

import re
import sys
import time

import pytest
import requests

from helpers.checks.render import as_html
from helpers.checks.verdict import MIME, Expectation, Seen, verify
from helpers.errors import CannotTell, NotFound


def _seen(*answers: Seen) -> Expectation:
    """An expectation whose probe gives these answers one after the other, the last one for ever."""
    rest = list(answers)
    return Expectation("it is so", lambda: rest.pop(0) if len(rest) > 1 else rest[0], 2, "look there")


def test_right_gives_the_points_as_repr_which_is_what_nbgrader_reads() -> None:
    report = verify(_seen(Seen(True, "it is")), why="because", further="try more")
    assert (repr(report), report.points, report.maximum) == ("2.0", 2.0, 2.0)
    for shown in (str(report), report._repr_mimebundle_()["text/html"]):
        assert "because" in shown
        assert "One step further" in shown


def test_wrong_tells_wanted_seen_and_where_to_look_but_not_why_it_works() -> None:
    text = str(verify(_seen(Seen(False, "it is not", evidence="a log line")), why="because", further="more"))
    for part in ("it is so", "it is not", "a log line", "look there", "0 of 2"):
        assert part in text
    assert "because" not in text
    assert "more" not in text


def test_something_settled_is_judged_at_once() -> None:
    began = time.monotonic()
    verify(_seen(Seen(False, "absent")), within=20)
    assert time.monotonic() - began < 0.5


def test_something_moving_is_waited_for() -> None:
    moving = [Seen(False, f"starting {step}", moving=True) for step in range(5)]
    assert verify(_seen(*moving, Seen(True, "up"))).points == 2


def test_something_that_stopped_moving_is_not_waited_for() -> None:
    began = time.monotonic()
    assert verify(_seen(Seen(False, "starting", moving=True)), within=20).points == 0
    assert time.monotonic() - began < 3


def test_an_unreachable_lab_is_no_verdict() -> None:
    def probe() -> Seen:
        raise requests.ConnectionError("refused")

    with pytest.raises(CannotTell, match="could not be asked"):
        verify(Expectation("it is so", probe))


def test_a_crash_of_ours_is_no_verdict() -> None:
    def probe() -> Seen:
        raise KeyError("State")

    with pytest.raises(CannotTell, match="the check itself failed"):
        verify(Expectation("it is so", probe))


def test_what_a_learner_caused_is_a_verdict() -> None:
    def probe() -> Seen:
        raise NotFound("there is no container 'web'.")

    assert verify(Expectation("it is so", probe)).points == 0


def test_nothing_reaches_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def probe() -> Seen:
        print("a library warns", file=sys.stderr)
        return Seen(True, "it is")

    verify(Expectation("it is so", probe))
    assert capsys.readouterr().err == ""


def test_text_from_containers_is_inert() -> None:
    report = verify(_seen(Seen(False, "<script>alert(1)</script>", evidence="<img src=x onerror=alert(2)>")))
    html = as_html(report._told())
    assert not re.search(r"<(script|img)", html)
    assert report._repr_mimebundle_()[MIME]["points"] == 0


def test_huge_text_is_cut() -> None:
    assert len(as_html(verify(_seen(Seen(False, "x" * 1_000_000)))._told())) < 5_000
