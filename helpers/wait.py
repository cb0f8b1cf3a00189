"""Waiting for a condition with a deadline, and saying what was last seen when it passes."""

import time
from collections.abc import Callable
from typing import TypeVar

from helpers.errors import TimedOut

T = TypeVar("T")


def until(probe: Callable[[], T], what: str, *, timeout: float = 30.0, every: float = 0.05, tip: str = "") -> T:
    """Call `probe` until it returns something true, and return that.

    `timeout` and `every` are seconds. Raises TimedOut naming `what` and the last value seen.

    >>> until(lambda: 3, "a number")
    3
    """
    deadline = time.monotonic() + timeout
    while True:
        seen = probe()
        if seen:
            return seen
        if time.monotonic() >= deadline:
            raise TimedOut(f"after {timeout:g} s still waiting for {what}; last seen: {seen!r}", tip)
        time.sleep(every)
