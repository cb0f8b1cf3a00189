"""Expectations about Docker objects. Each method gives one frozen expectation; nothing is asked before `verify` looks."""

import re
import time
from collections.abc import Callable
from typing import Any

from helpers import containers, images, networks, volumes
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import NotFound
from helpers.lessons import attached

Probe = Callable[[containers.Container], Seen]
#: A container this young (seconds) may still be on its way to what is expected of it.
_YOUNG = 5.0


def _moving(box: containers.Container) -> bool:
    """Whether the container may still change by itself: it is being restarted, or has only just been started."""
    state = box.attrs["State"]
    return state["Status"] == "restarting" or (
        state["Status"] == "running" and time.time() - containers.unix_time(state["StartedAt"]) < _YOUNG
    )


def _restarts(box: containers.Container) -> bool:
    """Whether the engine will start it again once its process ends."""
    return box.attrs["HostConfig"]["RestartPolicy"]["Name"] not in {"", "no"} and _moving(box)


def _last_line(box: containers.Container) -> str:
    lines = box.logs(tail=3).strip().splitlines()
    return lines[-1] if lines else ""


class ContainerCheck:
    """What can be expected of the container `name`."""

    def __init__(self, name: str) -> None:
        self._box = containers.Container(name)
        self._name = name

    def _expect(self, wanted: str, probe: Probe, points: float, hint: str) -> Expectation:
        """An expectation about an existing container; absence is told as such."""

        def look() -> Seen:
            if self._box.state == "absent":
                return Seen(False, f"there is no container named '{self._name}'")
            return probe(self._box)

        return Expectation(f"container '{self._name}' {wanted}", look, points, hint)

    def _field(
        self, wanted: str, read: Callable[[dict[str, Any]], tuple[bool, str]], points: float, hint: str
    ) -> Expectation:
        """An expectation about a field of `docker inspect`."""
        return self._expect(wanted, lambda box: Seen(*read(box.attrs)), points, hint)

    def is_running(self, points: float = 1, hint: str = "`docker ps -a` shows its state and exit code") -> Expectation:
        """It runs (a restart loop does not count)."""

        def probe(box: containers.Container) -> Seen:
            state = box.attrs["State"]
            text = f"it is {state['Status']}"
            if state["Status"] == "exited":
                text += f" with code {state['ExitCode']}"
            evidence = _last_line(box) if state["Status"] not in {"running", "created"} else ""
            return Seen(state["Status"] == "running", text, state["Status"] == "restarting", evidence)

        return self._expect("is running", probe, points, hint)

    def is_state(self, state: str, points: float = 1, hint: str = "") -> Expectation:
        """It is in exactly this state: created, running, paused, exited …"""
        return self._expect(f"is {state}", lambda box: Seen(box.state == state, f"it is {box.state}"), points, hint)

    def exited_with(self, code: int, points: float = 1, hint: str = "") -> Expectation:
        """It ran and ended with this exit code."""

        def probe(box: containers.Container) -> Seen:
            state = box.attrs["State"]
            ended = state["Status"] == "exited"
            text = f"it is {state['Status']}" + (f" with code {state['ExitCode']}" if ended else "")
            return Seen(ended and state["ExitCode"] == code, text, _moving(box), _last_line(box))

        return self._expect(f"ended with exit code {code}", probe, points, hint)

    def was_killed_for_memory(self, points: float = 1, hint: str = "") -> Expectation:
        """The kernel ended it at its memory limit."""

        def probe(box: containers.Container) -> Seen:
            state = box.attrs["State"]
            text = f"it is {state['Status']}"
            if state["Status"] == "exited":
                text += f" with code {state['ExitCode']}" + (", and not for want of memory" * (not state["OOMKilled"]))
            return Seen(state["Status"] == "exited" and state["OOMKilled"], text, _moving(box), _last_line(box))

        return self._expect("was ended by the kernel at its memory limit", probe, points, hint)

    def was_removed(self, points: float = 1, hint: str = "") -> Expectation:
        """It existed, and was removed: never having been there does not count."""

        def look() -> Seen:
            actions = [action for _, action in self._box.events(since=attached().opened_at)]
            there = self._box.state != "absent"
            if "create" not in actions and not there:
                return Seen(False, "it was never created")
            return Seen(not there, f"it still exists ({self._box.state})" if there else "created, then removed")

        return Expectation(f"container '{self._name}' was created and later removed", look, points, hint)

    def happened(self, *actions: str, points: float = 1, hint: str = "") -> Expectation:
        """These events happened to it, in this order (others may lie between)."""

        def probe(box: containers.Container) -> Seen:
            seen = containers.Container(
                str(box.raw.id)
            ).events()  # by id: an earlier container of that name does not count
            rest = iter(action for _, action in seen)
            ok = all(action in rest for action in actions)
            return Seen(ok, "its events: " + (", ".join(a for _, a in seen if not a.startswith("exec")) or "none"))

        return self._expect(f"went through {' → '.join(actions)}", probe, points, hint)

    def uses_image(self, reference: str, points: float = 1, hint: str = "") -> Expectation:
        """It was made from this image, whatever name was typed for it."""

        def probe(box: containers.Container) -> Seen:
            same = str(box.raw.image.id) == str(images.get(reference).raw.id)
            return Seen(same, f"it was made from {box.attrs['Config']['Image']}")

        return self._expect(f"was made from {reference}", probe, points, hint)

    def has_env(self, variable: str, value: str, points: float = 1, hint: str = "") -> Expectation:
        """Its environment has this variable with this value."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            env = dict(pair.partition("=")[::2] for pair in attrs["Config"]["Env"] or [])
            seen = f"{variable} is '{env[variable]}'" if variable in env else f"{variable} is not set"
            return env.get(variable) == value, seen

        return self._field(f"has {variable}={value} in its environment", read, points, hint)

    def publishes(self, inside: int, outside: int, points: float = 1, hint: str = "") -> Expectation:
        """Its TCP port `inside` is published on host port `outside`, on loopback only."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            bindings = (attrs["NetworkSettings"]["Ports"] or {}).get(f"{inside}/tcp") or []
            places = [f"{b['HostIp'] or '0.0.0.0'}:{b['HostPort']}" for b in bindings]  # noqa: S104
            return f"127.0.0.1:{outside}" in places, f"port {inside} is published on: {', '.join(places) or 'nothing'}"

        return self._field(f"publishes its port {inside} on 127.0.0.1:{outside}", read, points, hint)

    def memory_limit(self, megabytes: int, points: float = 1, hint: str = "") -> Expectation:
        """Its memory limit is `megabytes` (MiB, as `docker run --memory 64m` counts)."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            limit = attrs["HostConfig"]["Memory"]
            return limit == megabytes << 20, f"its limit is {limit >> 20} MiB" if limit else "it has no memory limit"

        return self._field(f"has a memory limit of {megabytes} MiB", read, points, hint)

    def cpu_limit(self, cpus: float, points: float = 1, hint: str = "") -> Expectation:
        """It may use at most `cpus` CPUs, however that was written (--cpus or quota and period)."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            config = attrs["HostConfig"]
            quota = config["CpuQuota"] / (config["CpuPeriod"] or 100_000) if config["CpuQuota"] > 0 else 0
            limit = config["NanoCpus"] / 1e9 or quota
            return abs(limit - cpus) < 0.001, f"its limit is {limit:g} CPUs" if limit else "it has no CPU limit"

        return self._field(f"may use at most {cpus:g} CPUs", read, points, hint)

    def restart_policy(self, name: str, points: float = 1, hint: str = "") -> Expectation:
        """Its restart policy is `no`, `on-failure`, `always` or `unless-stopped`."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            found = attrs["HostConfig"]["RestartPolicy"]["Name"] or "no"
            return found == name, f"its restart policy is '{found}'"

        return self._field(f"has the restart policy '{name}'", read, points, hint)

    def was_restarted(self, times: int = 1, points: float = 1, hint: str = "") -> Expectation:
        """The engine started it again by itself at least `times` times."""

        def probe(box: containers.Container) -> Seen:
            count = box.attrs["RestartCount"]
            return Seen(count >= times, f"the engine restarted it {count} times", _restarts(box))

        return self._expect(f"was restarted by the engine at least {times}×", probe, points, hint)

    def logs_contain(
        self, text: str, points: float = 1, hint: str = "`docker logs` shows what it wrote"
    ) -> Expectation:
        """Its output has `text` in it."""

        def probe(box: containers.Container) -> Seen:
            found = text in box.logs()
            return Seen(found, "found" if found else "not in its output", _moving(box), _last_line(box))

        return self._expect(f"wrote '{text}'", probe, points, hint)

    def file_contains(self, path: str, pattern: str, points: float = 1, hint: str = "") -> Expectation:
        """The file at `path` inside matches the regular expression `pattern`. The container has to run."""

        def probe(box: containers.Container) -> Seen:
            if box.state != "running":
                return Seen(False, f"it is {box.state}, so its files cannot be asked for", _moving(box))
            status, text = box.exec(["cat", path])
            if status:
                return Seen(False, f"{path} cannot be read: {text.strip()}")
            return Seen(re.search(pattern, text) is not None, f"{path} begins with: {text[:120]!r}")

        return self._expect(f"has a file {path} that matches '{pattern}'", probe, points, hint)


def container(name: str) -> ContainerCheck:
    """What can be expected of a container: `container("web").is_running(points=1)`."""
    return ContainerCheck(name)


def _exists(kind: str, name: str, get: Callable[[str], object], points: float, hint: str) -> Expectation:
    def look() -> Seen:
        try:
            get(name)
        except NotFound as error:
            return Seen(False, error.what)
        return Seen(True, "it exists")

    return Expectation(f"there is a {kind} '{name}'", look, points, hint)


def image(reference: str, points: float = 1, hint: str = "`docker images` lists what there is") -> Expectation:
    """A local image of that name exists."""
    return _exists("image", reference, images.get, points, hint)


def network(name: str, points: float = 1, hint: str = "`docker network ls` lists what there is") -> Expectation:
    """A network of that name exists."""
    return _exists("network", name, networks.get, points, hint)


def volume(name: str, points: float = 1, hint: str = "`docker volume ls` lists what there is") -> Expectation:
    """A volume of that name exists."""
    return _exists("volume", name, volumes.get, points, hint)
