"""Expectations about how a container was set up: what `docker inspect` says of its configuration."""

import re
from collections.abc import Callable
from typing import Any

from helpers import containers
from helpers.checks.verdict import Expectation, Seen

Probe = Callable[[containers.Container], Seen]


class ContainerSettings:
    """What can be expected of the settings of the container `name`."""

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

    def has_env(self, variable: str, value: str, points: float = 1, hint: str = "") -> Expectation:
        """Its environment has this variable with this value."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            env = dict(pair.partition("=")[::2] for pair in attrs["Config"]["Env"] or [])
            seen = f"{variable} is '{env[variable]}'" if variable in env else f"{variable} is not set"
            return env.get(variable) == value, seen

        return self._field(f"has {variable}={value} in its environment", read, points, hint)

    def lacks_env(
        self, variable: str, points: float = 1, hint: str = "`docker inspect` shows the environment"
    ) -> Expectation:
        """Its environment does not have this variable."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            names = [pair.partition("=")[0] for pair in attrs["Config"]["Env"] or []]
            return variable not in names, f"{variable} is {'set' if variable in names else 'not set'}"

        return self._field(f"has no {variable} in its environment", read, points, hint)

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

    def mounts(
        self,
        inside: str,
        kind: str,
        source: str = "",
        *,
        read_only: bool | None = None,
        points: float = 1,
        hint: str = "`docker inspect` lists its mounts",
    ) -> Expectation:
        """At `inside` there is a mount of this kind (`volume`, `bind`, `tmpfs`), from this volume or host folder, and
        read-only or not where that is asked."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            found = next((mount for mount in attrs["Mounts"] if mount["Destination"] == inside), None)
            if found is None and inside in (attrs["HostConfig"].get("Tmpfs") or {}):
                found = {"Type": "tmpfs", "RW": "ro" not in attrs["HostConfig"]["Tmpfs"][inside].split(",")}
            if found is None:
                places = ", ".join(mount["Destination"] for mount in attrs["Mounts"]) or "nothing"
                return False, f"nothing is mounted at {inside}; mounted there is: {places}"
            origin = found.get("Name") or found.get("Source") or ""
            access = "writable" if found["RW"] else "read-only"
            right = found["Type"] == kind and source in {"", origin} and read_only in {None, not found["RW"]}
            return right, f"{inside} is a {found['Type']} mount {f'of {origin}, ' if origin else ''}{access}"

        words = f"a {kind} mount{f' of {source}' if source else ''}"
        words += "" if read_only is None else ", read-only" if read_only else ", writable"
        return self._field(f"has at {inside} {words}", read, points, hint)

    def mounts_volume(
        self, name: str, *, read_only: bool, points: float = 1, hint: str = "`docker inspect` lists its mounts"
    ) -> Expectation:
        """The volume is mounted somewhere in it, read-only or writable as asked."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            found = [mount for mount in attrs["Mounts"] if mount.get("Name") == name]
            text = ", ".join(
                f"at {mount['Destination']}, {'writable' if mount['RW'] else 'read-only'}" for mount in found
            )
            return any(mount["RW"] is not read_only for mount in found), f"the volume is mounted {text or 'nowhere'}"

        return self._field(f"mounts the volume '{name}' {'read-only' if read_only else 'writable'}", read, points, hint)

    def mounts_named_volume(self, inside: str, points: float = 1, hint: str = "`docker inspect`") -> Expectation:
        """At `inside` there is a volume that somebody named (an anonymous one has 64 hexadecimal digits for a name)."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            mounts: list[dict[str, Any]] = attrs["Mounts"]
            found = next((mount for mount in mounts if mount["Destination"] == inside), {})
            name = str(found.get("Name", ""))
            anonymous = re.fullmatch("[0-9a-f]{64}", name) is not None
            seen = f"an anonymous volume is at {inside}" if anonymous else f"at {inside} is: {name or 'no volume'}"
            return found.get("Type") == "volume" and not anonymous, seen

        return self._field(f"has a named volume at {inside}", read, points, hint)

    def joined(
        self, network: str, points: float = 1, hint: str = "`docker network inspect` lists members"
    ) -> Expectation:
        """It is connected to the network (`host` and `none` count as networks)."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            found = sorted(attrs["NetworkSettings"]["Networks"])
            return network in found, f"it is in: {', '.join(found) or 'no network'}"

        return self._field(f"is in the network '{network}'", read, points, hint)

    def shares_network_of(self, other: str, points: float = 1, hint: str = "`--network container:NAME`") -> Expectation:
        """It has no network of its own: it lives in the other container's."""

        def probe(box: containers.Container) -> Seen:
            mode = str(box.attrs["HostConfig"]["NetworkMode"])
            if not mode.startswith("container:"):
                return Seen(False, f"it is in the network '{mode}'")
            host = containers.get(mode.removeprefix("container:")).attrs["Name"].lstrip("/")
            return Seen(host == other, f"it shares the network of '{host}'")

        return self._expect(f"shares the network of '{other}'", probe, points, hint)

    def left(self, network: str, points: float = 1, hint: str = "") -> Expectation:
        """It is in some network, and not in this one."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            found = sorted(attrs["NetworkSettings"]["Networks"])
            return bool(found) and network not in found, f"it is in: {', '.join(found) or 'no network'}"

        return self._field(f"is in a network, but not in '{network}'", read, points, hint)

    def is_read_only(self, points: float = 1, hint: str = "`docker run --read-only`") -> Expectation:
        """Its root file system cannot be written."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            fixed = bool(attrs["HostConfig"]["ReadonlyRootfs"])
            return fixed, f"its root file system is {'read-only' if fixed else 'writable'}"

        return self._field("has a read-only root file system", read, points, hint)

    def drops_all_capabilities(self, points: float = 1, hint: str = "`--cap-drop ALL`") -> Expectation:
        """It was started without any capability."""

        def read(attrs: dict[str, Any]) -> tuple[bool, str]:
            dropped, added = (attrs["HostConfig"][key] or [] for key in ("CapDrop", "CapAdd"))
            names = {name.upper().removeprefix("CAP_") for name in dropped}
            return (
                "ALL" in names and not added,
                f"dropped: {', '.join(dropped) or 'none'}; added: {', '.join(added) or 'none'}",
            )

        return self._field("has no capabilities", read, points, hint)
