"""Containers, with the CLI's verbs: `run`, `ps`, `get`. Each object reads live state whenever it is asked."""

import html
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import docker.errors
from docker.models.containers import Container as RawContainer

from helpers import wait
from helpers.engine import LABEL, client
from helpers.errors import CourseError, NotFound


class Container:
    """One container, known by name or id; `raw` is docker-py's object, read anew at each use."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def raw(self) -> RawContainer:
        """docker-py's container. Raises NotFound."""
        try:
            return client().containers.get(self.name)
        except docker.errors.NotFound:
            raise NotFound(f"there is no container '{self.name}'.", "`docker ps -a` lists all there are.") from None

    @property
    def attrs(self) -> dict[str, Any]:
        """What `docker inspect` says."""
        return dict(self.raw.attrs)

    @property
    def state(self) -> str:
        """created, running, paused, restarting, exited or dead; `absent` where there is none."""
        try:
            return str(self.attrs["State"]["Status"])
        except NotFound:
            return "absent"

    def port(self, inside: int) -> int:
        """The host port on which the container's TCP port `inside` is published. Raises CourseError when it is not."""
        bindings = self.attrs["NetworkSettings"]["Ports"].get(f"{inside}/tcp")
        if not bindings:
            raise CourseError(f"port {inside} of '{self.name}' is not published.", "publish it with `-p`.")
        return int(bindings[0]["HostPort"])

    def addresses(self) -> list[str]:
        """Its IPv4 addresses, one a network it is in."""
        found = self.attrs["NetworkSettings"]["Networks"].values()
        return [str(network["IPAddress"]) for network in found if network["IPAddress"]]

    def logs(self, tail: int | str = "all") -> str:
        """What the container wrote to stdout and stderr."""
        return str(self.raw.logs(tail=tail).decode(errors="replace"))

    def exec(self, command: str | Sequence[str]) -> tuple[int, str]:
        """Run a command inside; return its exit status and output."""
        result = self.raw.exec_run(command)
        return int(result.exit_code), result.output.decode(errors="replace")

    def stats(self) -> dict[str, float]:
        """One reading: memory and its limit in MB, total CPU seconds, number of processes."""
        reading = self.raw.stats(stream=False, one_shot=True)
        memory = reading.get("memory_stats", {})
        return {
            "memory_mb": memory.get("usage", 0) / 1e6,
            "limit_mb": memory.get("limit", 0) / 1e6,
            "cpu_seconds": reading.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage", 0) / 1e9,
            "pids": reading.get("pids_stats", {}).get("current", 0),
        }

    def watch_stats(self, seconds: float = 5.0, every: float = 0.25) -> list[dict[str, float]]:
        """Readings of `stats` over `seconds`, each with `at` (seconds since the first) and `cpu_percent` of one core."""
        readings: list[dict[str, float]] = []
        began = time.monotonic()
        while (now := time.monotonic() - began) <= seconds:
            reading = {**self.stats(), "at": now}
            if readings:
                passed = reading["at"] - readings[-1]["at"]
                reading["cpu_percent"] = 100 * (reading["cpu_seconds"] - readings[-1]["cpu_seconds"]) / passed
            readings.append(reading)
            time.sleep(every)
        return readings

    def wait_for(self, state: str, timeout: float = 30.0) -> "Container":
        """Wait until the container is in `state`; raises TimedOut with the state last seen."""
        wait.until(lambda: self.state == state, f"'{self.name}' to be {state} (it is {self.state})", timeout=timeout)
        return self

    def events(self, since: float = 0.0) -> list[tuple[float, str]]:
        """What happened to containers of this name or id since then: (Unix time in s, action), oldest first. The engine
        remembers its last 256 events."""
        stream = client().events(
            since=f"{since:.9f}",
            until=f"{time.time():.9f}",
            decode=True,
            filters={"container": self.name, "type": "container"},
        )
        return [(event["timeNano"] / 1e9, event["Action"]) for event in stream]

    def stop(self, timeout: int = 10) -> None:
        """`docker stop`: SIGTERM, then SIGKILL after `timeout` seconds."""
        self.raw.stop(timeout=timeout)

    def remove(self) -> None:
        """Remove the container, running or not, with its anonymous volumes. No error when it is gone already."""
        try:
            self.raw.remove(force=True, v=True)
        except (NotFound, docker.errors.NotFound):
            return

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<container {self.name}: {self.state}>"

    def _repr_html_(self) -> str:
        return f"<code>container <b>{html.escape(self.name)}</b></code> – {html.escape(self.state)}"


def run(
    image: str,
    command: str | Sequence[str] | None = None,
    *,
    name: str,
    ports: Mapping[int, int] | None = None,
    env: Mapping[str, str] | None = None,
    **options: Any,
) -> Container:
    """Make it so that a container `name` of `image` runs in the background: reused when it already does.

    `ports` maps a host port (on loopback; 0 for any free one) to a container port. `options` are docker-py's.

    >>> run("nginx:1.26", name="web", ports={8080: 80})  # doctest: +SKIP
    """
    found = Container(name)
    if found.state == "running" and found.attrs["Config"]["Image"] == image:
        return found
    found.remove()
    bindings = {f"{inside}/tcp": ("127.0.0.1", outside or None) for outside, inside in (ports or {}).items()}
    try:
        client().containers.run(
            image,
            command,
            name=name,
            ports=bindings,
            environment=dict(env or {}),
            detach=True,
            labels={LABEL: "helper"},
            **options,
        )
    except docker.errors.APIError as error:
        found.remove()
        raise CourseError(f"the container '{name}' could not be started: {error.explanation}") from None
    return found


def get(name: str) -> Container:
    """The container of that name or id. Raises NotFound."""
    found = Container(name)
    found.raw  # noqa: B018 - asks the engine
    return found


def age(state: dict[str, Any]) -> float:
    """Seconds since a container was started last; `state` is what `docker inspect` has under State."""
    return time.time() - unix_time(state["StartedAt"])


def ps(*, everything: bool = False) -> list[Container]:
    """Running containers; with `everything`, stopped ones too (`docker ps -a`)."""
    return [Container(found.name) for found in client().containers.list(all=everything)]


def states(name: str) -> Iterator[tuple[str, float, float]]:
    """The stretches of a container's life, from its events: (state, from, to) in Unix time; the last one lasts till now."""
    leads_to = {
        "create": "created",
        "start": "running",
        "pause": "paused",
        "unpause": "running",
        "die": "exited",
        "destroy": "",
    }
    changes = [(at, leads_to[action]) for at, action in Container(name).events() if action in leads_to]
    for number, (at, state) in enumerate(changes):
        until = changes[number + 1][0] if number + 1 < len(changes) else time.time()
        if state:
            yield state, at, until


def unix_time(text: str) -> float:
    """Docker's RFC 3339 time (nanoseconds, `Z` or an offset) in Unix seconds."""
    date, _, rest = text.removesuffix("Z").partition(".")
    sign = next((mark for mark in "+-" if mark in rest), "")
    offset = sign + rest.split(sign)[1] if sign else "+00:00"
    return datetime.fromisoformat(date + offset).timestamp()
