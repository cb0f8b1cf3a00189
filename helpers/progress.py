"""One line that is kept up to date while a learner waits, and wiped when the wait is over."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WIDTH = 96


@contextmanager
def line() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is going on, with the seconds since the wait began. Nothing shows below half a second."""
    began, shown = time.monotonic(), False

    def tell(text: str) -> None:
        nonlocal shown
        elapsed = time.monotonic() - began
        if elapsed > 0.5:
            print(f"\r{f'… {text} ({elapsed:.0f} s)'[:WIDTH]:<{WIDTH}}", end="", flush=True)
            shown = True

    try:
        yield tell
    finally:
        if shown:
            print("\r" + " " * WIDTH + "\r", end="", flush=True)
