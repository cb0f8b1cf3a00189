"""`verify`: judges expectations, waits only while something is on its way, and reports so that a learner knows where to look."""

import contextlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import docker.errors
import requests

from helpers import notebook
from helpers.checks.render import as_html, as_text
from helpers.errors import CannotTell, CourseError

MIME = "application/vnd.containers-course.verdict+json"
PAUSE = 0.1
#: How long something that is on its way may look the same before it counts as standing still, in seconds.
PATIENCE = 1.5


@dataclass(frozen=True)
class Seen:
    """What a probe saw. `moving` means that it is still changing (starting, a probe not yet due – or right, but so young
    that it may not last); `evidence` is a log or event line that explains it; `patience` is for how many seconds it may look
    the same while it moves."""

    ok: bool
    text: str
    moving: bool = False
    evidence: str = ""
    patience: float = PATIENCE


@dataclass(frozen=True)
class Expectation:
    """One thing that must be true of the live state: in words, as a probe, its points, and where to look if it is not."""

    wanted: str
    probe: Callable[[], Seen]
    points: float = 1
    hint: str = ""


@dataclass(frozen=True)
class Report:
    """The verdict. Its repr is the number of points, which is what nbgrader reads; its HTML is the feedback."""

    results: list[tuple[Expectation, Seen]]
    why: str = ""
    further: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def points(self) -> float:
        """Points reached."""
        return float(sum(expectation.points for expectation, seen in self.results if seen.ok))

    @property
    def maximum(self) -> float:
        """Points there are."""
        return float(sum(expectation.points for expectation, _ in self.results))

    def rows(self) -> list[dict[str, Any]]:
        """The verdict as plain data: what is stored, and what the pictures of it are made from."""
        return [
            {
                "ok": seen.ok,
                "wanted": expectation.wanted,
                "seen": seen.text,
                "evidence": seen.evidence,
                "hint": "" if seen.ok else expectation.hint,
                "points": expectation.points,
            }
            for expectation, seen in self.results
        ]

    def _told(self) -> dict[str, Any]:
        told = {"points": self.points, "maximum": self.maximum, "rows": self.rows()}
        passed = self.points == self.maximum
        return {**told, "why": self.why if passed else "", "further": self.further if passed else ""}

    def __str__(self) -> str:
        return as_text(self._told())

    def __repr__(self) -> str:
        return repr(self.points)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": as_html(self._told()), MIME: self._told()}


def _look(expectation: Expectation) -> Seen:
    """Probe once. What the learner can have caused is a `Seen`; what is not theirs raises CannotTell."""
    try:
        return expectation.probe()
    except CannotTell:
        raise
    except CourseError as error:
        return Seen(False, error.what)
    except (requests.ConnectionError, requests.Timeout, docker.errors.DockerException, OSError) as error:
        raise CannotTell(
            f"the lab could not be asked whether {expectation.wanted} ({type(error).__name__}: {error}).",
            "run `python3 -m environment start` in a terminal, then run this cell again. This is not counted as wrong.",
        ) from None
    except Exception as error:
        raise CannotTell(
            f"the check itself failed while looking whether {expectation.wanted} ({type(error).__name__}: {error}).",
            "this is the course's fault, not yours, and is not counted as wrong. Please report it.",
        ) from error


def verify(*expectations: Expectation, within: float = 20.0, why: str = "", further: str = "") -> Report:
    """Judge the live state; wait up to `within` seconds, but only while something is still moving.

    `why` says why it works and `further` what to try next; both are shown once all is right. Outside notebooks the report's text twin is printed; nothing
    reaches stderr (nbgrader would score the cell 0). Raises CannotTell when the lab cannot be looked at: that is no verdict.

    >>> verify(Expectation("one is one", lambda: Seen(True, "1")))  # doctest: +ELLIPSIS
    ✓ ...
    1.0
    """
    began = time.monotonic()
    with contextlib.redirect_stderr(io.StringIO()):
        seen = {expectation: _look(expectation) for expectation in expectations}
        changed = time.monotonic()
        while time.monotonic() - began < within:
            waiting = [expectation for expectation, last in seen.items() if last.moving or not last.ok]
            patience = max((seen[one].patience for one in waiting if seen[one].moving), default=0.0)
            if time.monotonic() - changed >= patience:
                break
            time.sleep(PAUSE)
            now = {expectation: _look(expectation) for expectation in waiting}
            if any(now[expectation] != seen[expectation] for expectation in waiting):
                changed = time.monotonic()
            seen |= now
        if not all(last.ok for last in seen.values()):
            # What was right when the wait began may have ended since: a verdict tells one moment, not two.
            seen |= {expectation: _look(expectation) for expectation, last in seen.items() if last.ok}
    results = [(expectation, seen[expectation]) for expectation in expectations]
    report = Report(results, why, further, time.monotonic() - began)
    if notebook.shell() is None:
        print(report)  # a notebook shows the HTML; logs and terminals get its text twin
    return report
