"""Requests that keep coming while something happens: `with traffic.flowing(port) as seen: …`."""

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Traffic:
    """What came of the requests: (seconds since the first, what answered, seconds it took). An empty answer is a failure."""

    answers: list[tuple[float, str, float]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """How many got no good answer."""
        return sum(1 for _, what, _ in self.answers if not what)

    def shares(self) -> dict[str, int]:
        """How many answers came from whom."""
        return dict(Counter(what or "no answer" for _, what, _ in self.answers))

    def __repr__(self) -> str:
        parts = ", ".join(f"{count} × {what}" for what, count in sorted(self.shares().items()))
        return f"<{len(self.answers)} requests: {parts}>"


def ask(port: int, path: str, pattern: str, *, timeout: float = 2.0) -> str:
    """One request on a connection of its own; what `pattern`'s first group finds in a good answer, else an empty text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        reply = connection.getresponse()
        body = reply.read(100_000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    found = re.search(pattern, body) if reply.status < 400 else None
    return found[1] if found else ""


@contextmanager
def flowing(
    port: int, path: str = "/api/version", *, pattern: str = r'"version":\s*"(\w+)"', every: float = 0.05
) -> Iterator[Traffic]:
    """Ask the loopback `port` again and again, from two clients at once, for as long as the block lasts."""
    seen, over, began = Traffic(), threading.Event(), time.monotonic()

    def client() -> None:
        while not over.is_set():
            asked = time.monotonic()
            what = ask(port, path, pattern)
            seen.answers.append((asked - began, what, time.monotonic() - asked))
            over.wait(every)

    clients = [threading.Thread(target=client, daemon=True) for _ in range(2)]
    for one in clients:
        one.start()
    try:
        yield seen
    finally:
        over.set()
        for one in clients:
            one.join()
