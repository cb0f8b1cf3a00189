"""Expectations about readings that a learner took of a container and a virtual machine."""

import json
from statistics import median
from typing import Any

from helpers import machines
from helpers.checks.verdict import Expectation, Seen
from helpers.lessons import attached

LEAST = 3
#: How far the learner's factor may lie from ours: another job weighs a guest differently, but not by more than this.
FACTOR = 4.0


class ReadingsCheck:
    """What can be expected of a file of readings, `{"box": [seconds, …], "machine": [seconds, …]}`."""

    def __init__(self, path: str, box: str, machine: str) -> None:
        self._path, self._box, self._machine = path, box, machine

    def _read(self) -> tuple[dict[str, list[float]], str]:
        """The readings, or why there are none."""
        file = attached().work / self._path
        try:
            told: Any = json.loads(file.read_text())
            readings = {name: [float(value) for value in told[name]] for name in (self._box, self._machine)}
        except FileNotFoundError:
            return {}, f"there is no file {self._path} in the lesson's folder"
        except KeyError as missing:
            return {}, f"it has no readings of {missing}"
        except (TypeError, ValueError) as error:
            return {}, f"it cannot be read as lists of numbers: {error}"
        return readings, ""

    def are_real(self, points: float = 1, hint: str = "") -> Expectation:
        """At least three positive readings each, and not just one number again and again (a clock is coarse: for one of
        the two it may be)."""

        def look() -> Seen:
            readings, why = self._read()
            if why:
                return Seen(False, why)
            fine = all(len(values) >= LEAST and min(values) > 0 for values in readings.values())
            fine = fine and any(len(set(values)) > 1 for values in readings.values())
            return Seen(fine, "; ".join(f"{name}: {values}" for name, values in readings.items()))

        return Expectation(f"{self._path} has {LEAST} measured readings or more of each", look, points, hint)

    def fit_a_fresh_measurement(self, points: float = 1, hint: str = "") -> Expectation:
        """Their factor, machine to container, is about that of a loop timed in both right now."""

        def look() -> Seen:
            readings, why = self._read()
            if why:
                return Seen(False, why)
            middle = {name: median(values) for name, values in readings.items() if values}
            if len(middle) < 2 or min(middle.values()) <= 0:
                return Seen(False, f"your readings: {readings}")
            yours = middle[self._machine] / middle[self._box]
            ours = machines.loop_seconds(self._machine) / machines.loop_seconds(self._box)
            return Seen(
                ours / FACTOR <= yours <= ours * FACTOR,
                f"by your readings the machine takes {yours:.1f} × as long; by a loop of ours just now {ours:.1f} ×",
            )

        words = f"the machine's middle reading stands to the container's as ours does (within a factor of {FACTOR:g})"
        return Expectation(words, look, points, hint)


def readings(path: str, *, box: str = "box", machine: str = "machine") -> ReadingsCheck:
    """What can be expected of the readings in a file of the lesson's folder."""
    return ReadingsCheck(path, box, machine)
