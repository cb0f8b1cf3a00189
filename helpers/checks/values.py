"""Expectations about values a learner found out, and about what answers over HTTP."""

import http.client
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from helpers.checks.verdict import PATIENCE, Expectation, Seen
from helpers.errors import NotFound
from helpers.lessons import read_answer

#: How long a server may take from its container's start to its first answer, on a busy machine, in seconds.
_YOUNG = 10.0


def answer(key: str, is_right: Callable[[Any], bool], wanted: str, points: float = 1, hint: str = "") -> Expectation:
    """The value given with `lesson.answer(key, value)` is right, as `is_right` judges from live facts.

    `wanted` says in words what is asked for (not the answer).
    """

    def look() -> Seen:
        given = read_answer(key)
        if given is None:
            return Seen(False, f'no answer was given: `lesson.answer("{key}", …)` did not run')
        try:
            right = bool(is_right(given))
        except (TypeError, ValueError, LookupError, AttributeError):  # it has another form than the judge reads
            right = False
        return Seen(right, f"your answer: {given!r}")

    return Expectation(wanted, look, points, hint)


class HttpCheck:
    """What can be expected of the HTTP server on a loopback port."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path

    def answers(self, status: int = 200, containing: str = "", points: float = 1, hint: str = "") -> Expectation:
        """It answers with this status, and with this text in the body."""
        words = f"http://127.0.0.1:{self._port}{self._path} answers {status}"
        words += f" with '{containing}'" if containing else ""
        return Expectation(words, lambda: self._ask(status, containing), points, hint)

    def _ask(self, status: int, containing: str) -> Seen:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=3)
        try:
            connection.request("GET", self._path)
            reply = connection.getresponse()
            body = reply.read(1_000_000).decode(errors="replace")
        except ConnectionRefusedError:
            return Seen(False, f"nothing listens on port {self._port}")
        except (OSError, http.client.HTTPException) as error:
            # Published, but the server inside is not up yet: the proxy accepts and drops the connection.
            seen = f"the connection ended without an answer ({type(error).__name__})"
            return Seen(False, seen, moving=True, patience=_YOUNG if self._just_started() else PATIENCE)
        finally:
            connection.close()
        if reply.status != status:
            return Seen(False, f"it answers {reply.status} {reply.reason}")
        return Seen(containing in body, f"it answers {reply.status}, and the body begins: {body[:120]!r}")

    def _just_started(self) -> bool:
        """Whether the container that publishes the port is so young that its server may not be up yet."""
        from helpers import containers  # lessons without an engine have HTTP checks, too

        for box in containers.ps():
            with suppress(NotFound):  # it ended just now
                attrs = box.attrs
                bindings = [row for rows in (attrs["NetworkSettings"]["Ports"] or {}).values() for row in rows or []]
                if any(row["HostPort"] == str(self._port) for row in bindings):
                    return containers.age(attrs["State"]) < _YOUNG
        return False


def http_check(port: int, path: str = "/") -> HttpCheck:
    """What can be expected of the server on loopback port `port`: `http(8080).answers(200)`."""
    return HttpCheck(port, path)
