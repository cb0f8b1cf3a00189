"""Expectations about webhooks: that a registry tells somebody what happens in it."""

from contextlib import suppress
from typing import Any

import requests

from helpers import registries, wait
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import TimedOut

#: How long a notification may take, in seconds: registries send them in the background.
_SECONDS = 3.0


class BellCheck:
    """What can be expected of the receiver of notifications (`bell`, in the image course/backoffice) on a loopback port."""

    def __init__(self, port: int) -> None:
        self._port = port

    def _heard(self, repository: str) -> list[dict[str, Any]]:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of this machine does not know our loopback
            told = session.get(f"http://localhost:{self._port}/events", timeout=_SECONDS).json()
        return [event for event in told if event["repository"] == repository]

    def rings_for(
        self, store: int, repository: str, tag: str, points: float = 1, hint: str = "`docker logs` of both tell"
    ) -> Expectation:
        """It heard of a push of `repository:tag`, and hears of a pull that is made now, from the registry on port `store`."""

        def look() -> Seen:
            try:
                before = self._heard(repository)
            except (requests.RequestException, ValueError, KeyError, TypeError):
                return Seen(False, f"nobody tells on port {self._port} which events were heard")
            if not any((event["action"], event["tag"]) == ("push", tag) for event in before):
                return Seen(False, f"it heard of {len(before)} events of '{repository}', and of no push of '{tag}'")
            registries.Registry(store).manifest(repository, tag)
            with suppress(TimedOut):
                wait.until(lambda: len(self._heard(repository)) > len(before), "a ring", timeout=_SECONDS)
                return Seen(True, "it heard of the push, and of a pull that was made just now")
            return Seen(False, f"it heard of the push, and not of a pull that was made {_SECONDS:g} s ago")

        return Expectation(
            f"the bell on port {self._port} rings when {repository}:{tag} of port {store} is used", look, points, hint
        )


def bell(port: int) -> BellCheck:
    """What can be expected of a receiver of notifications: `bell(8080).rings_for(5000, "team/box", "1")`."""
    return BellCheck(port)
