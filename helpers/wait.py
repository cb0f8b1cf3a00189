"""Waiting for a condition with a deadline, and saying what was last seen when it passes."""

import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
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


def http(port: int, path: str = "/", *, timeout: float = 15.0) -> str:
    """The body of the first answer from a server on this machine's `port`, which may still be starting.

    `timeout` is in seconds. Raises TimedOut with the last error.
    """
    last = "nothing yet"

    def ask() -> str | None:
        nonlocal last
        try:
            # Loopback never goes through a proxy.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                return str(answer.read().decode(errors="replace"))
        except (OSError, HTTPException) as error:
            last = f"{type(error).__name__}: {error}"
            return None

    try:
        return until(ask, f"an answer on port {port}", timeout=timeout) or ""
    except TimedOut:
        raise TimedOut(f"after {timeout:g} s no answer from http://127.0.0.1:{port}{path}; last seen: {last}") from None
