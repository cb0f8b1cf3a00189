"""Expectations about containers. Each method gives one frozen expectation; nothing is asked before `verify` looks."""

import re

from helpers import containers, images
from helpers.checks.settings import ContainerSettings
from helpers.checks.verdict import PATIENCE, Expectation, Seen
from helpers.lessons import attached

#: A container this young (seconds) may still be on its way to what is expected of it; that it ends is waited for so long.
_YOUNG = 5.0
#: One this young may end as soon as it began: that it runs is believed a moment later.
_NEWBORN = 0.7

#: What clients say of a server that does not listen yet; on a busy machine that may last.
_STARTING = re.compile(r"connection refused|is starting up|not yet accepting", re.IGNORECASE)
_START_SECONDS = 20.0


def _moving(box: containers.Container) -> bool:
    """Whether the container may still change by itself: it is being restarted, or has only just been started."""
    state = box.attrs["State"]
    return state["Status"] == "restarting" or (state["Status"] == "running" and containers.age(state) < _YOUNG)


def _restarts(box: containers.Container) -> bool:
    """Whether the engine will start it again once its process ends."""
    return box.attrs["HostConfig"]["RestartPolicy"]["Name"] not in {"", "no"} and _moving(box)


def _last_line(box: containers.Container) -> str:
    lines = box.logs(tail=3).strip().splitlines()
    return lines[-1] if lines else ""


class ContainerCheck(ContainerSettings):
    """What can be expected of the container `name`: its life, its output, its files, and (inherited) its settings."""

    def is_running(self, points: float = 1, hint: str = "`docker ps -a` shows its state and exit code") -> Expectation:
        """It runs (a restart loop does not count)."""

        def probe(box: containers.Container) -> Seen:
            state = box.attrs["State"]
            text = f"it is {state['Status']}"
            if state["Status"] == "exited":
                text += f" with code {state['ExitCode']}"
            evidence = _last_line(box) if state["Status"] not in {"running", "created"} else ""
            newborn = state["Status"] == "running" and containers.age(state) < _NEWBORN
            return Seen(state["Status"] == "running", text, newborn or state["Status"] == "restarting", evidence)

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
            return Seen(ended and state["ExitCode"] == code, text, _moving(box), _last_line(box), patience=_YOUNG)

        return self._expect(f"ended with exit code {code}", probe, points, hint)

    def was_killed_for_memory(self, points: float = 1, hint: str = "") -> Expectation:
        """The kernel ended it at its memory limit."""

        def probe(box: containers.Container) -> Seen:
            state = box.attrs["State"]
            text = f"it is {state['Status']}"
            if state["Status"] == "exited":
                text += f" with code {state['ExitCode']}" + (", and not for want of memory" * (not state["OOMKilled"]))
            right = state["Status"] == "exited" and state["OOMKilled"]
            return Seen(right, text, _moving(box), _last_line(box), patience=_YOUNG)

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

    def ran_through(self, points: float = 1, hint: str = "`docker events` tells when it was started") -> Expectation:
        """It runs, and was started only once since it was created."""

        def probe(box: containers.Container) -> Seen:
            starts = [action for _, action in containers.Container(str(box.raw.id)).events()].count("start")
            return Seen(box.state == "running" and starts == 1, f"it is {box.state}; it was started {starts} times")

        return self._expect("has run without a break since it was created", probe, points, hint)

    def started_once(self, points: float = 1, hint: str = "`docker events` tells when it was started") -> Expectation:
        """It was started exactly once since it was created, whatever became of it."""

        def probe(box: containers.Container) -> Seen:
            starts = [action for _, action in containers.Container(str(box.raw.id)).events()].count("start")
            return Seen(starts == 1, f"it was started {starts} times", starts == 0 and box.state == "created")

        return self._expect("was started just once", probe, points, hint)

    def uses_image(self, reference: str, points: float = 1, hint: str = "") -> Expectation:
        """It was made from this image, whatever name was typed for it."""

        def probe(box: containers.Container) -> Seen:
            same = str(box.raw.image.id) == str(images.get(reference).raw.id)
            return Seen(same, f"it was made from {box.attrs['Config']['Image']}")

        return self._expect(f"was made from {reference}", probe, points, hint)

    def was_restarted(self, times: int = 1, points: float = 1, hint: str = "") -> Expectation:
        """The engine started it again by itself at least `times` times."""

        def probe(box: containers.Container) -> Seen:
            count = box.attrs["RestartCount"]
            # The engine is at it, however long a busy machine takes.
            patience = _START_SECONDS if box.attrs["State"]["Status"] == "restarting" else _YOUNG
            moving = count < times and _restarts(box)
            return Seen(count >= times, f"the engine restarted it {count} times", moving, patience=patience)

        return self._expect(f"was restarted by the engine at least {times}×", probe, points, hint)

    def is_healthy(self, points: float = 1, hint: str = "`docker inspect` shows `.State.Health`") -> Expectation:
        """It has a health check, and that succeeded last."""

        def probe(box: containers.Container) -> Seen:
            if box.state != "running":
                return Seen(False, f"it is {box.state}", _moving(box), _last_line(box))
            health = box.attrs["State"].get("Health")
            if not health:
                return Seen(False, "it has no health check")
            log = health.get("Log") or []
            evidence = str(log[-1].get("Output", "")).strip() if log else ""
            # While a check is due, each look is a new one: the age makes it differ, so that it counts as moving.
            text = f"its health is '{health['Status']}' after {len(log)} checks"
            return Seen(health["Status"] == "healthy", text, health["Status"] == "starting", evidence)

        return self._expect("is healthy", probe, points, hint)

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

    def exec_prints(
        self, command: list[str], text: str, wanted: str, points: float = 1, hint: str = "try it with `docker exec`"
    ) -> Expectation:
        """A command run inside prints `text`; `wanted` says in words what that shows. The container has to run."""

        def probe(box: containers.Container) -> Seen:
            if box.state != "running":
                return Seen(False, f"it is {box.state}, so nothing can be asked inside", _moving(box))
            _, output = box.exec(command)
            # The server inside may still be starting: each try prints its complaint anew.
            starting = _STARTING.search(output) is not None and containers.age(box.attrs["State"]) < _START_SECONDS
            return Seen(
                text in output,
                f"inside, the answer is: {output.strip()[:300] or 'nothing'}",
                starting or _moving(box),
                patience=_START_SECONDS if starting else PATIENCE,
            )

        return self._expect(wanted, probe, points, hint)

    def was_replaced(self, points: float = 1, hint: str = "`docker rm --force`, then run a new one") -> Expectation:
        """An earlier container of this name was removed since the lesson was opened, and a new one is there."""

        def probe(box: containers.Container) -> Seen:
            actions = [action for _, action in box.events(since=attached().opened_at)]
            # Compose recreates under another name, and renames when the old one is gone.
            made, gone = actions.count("create") + actions.count("rename"), actions.count("destroy")
            return Seen(made > 1 and gone > 0, f"containers of this name made: {made}, removed: {gone}")

        return self._expect("is a new one: an earlier one of that name was removed", probe, points, hint)


def container(name: str) -> ContainerCheck:
    """What can be expected of a container: `container("web").is_running(points=1)`."""
    return ContainerCheck(name)
