"""Cgroups with real limits for one lab or one judge: one folder below each controller (cgroup v1), or a single one (v2)."""

import contextlib
import os
from pathlib import Path

from environment import process
from environment.errors import EnvironmentProblem

BASE = Path("/sys/fs/cgroup")
_CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer", "blkio", "systemd")
#: What a limit takes (v2).
_NEEDED = {"cpu", "memory", "pids"}
#: Where processes of a lab are that did not begin in it (v2: a group whose children have limits holds no processes itself).
_DOOR = "door"
#: Where the submission's own kernel is with all that it starts: to be ended without its engine and containers.
_KERNEL = "kernel"


def unified() -> bool:
    """Whether this machine has cgroup v2 alone."""
    return (BASE / "cgroup.controllers").exists()


def check_possible() -> None:
    """Raise EnvironmentProblem where no limits can be set."""
    if unified():
        missing = _NEEDED - set((BASE / "cgroup.controllers").read_text().split())
        if missing:
            raise EnvironmentProblem(
                f"this machine's cgroup v2 has no controller '{sorted(missing)[0]}', so a lab would have no limits.",
                "grade on a machine, or in a virtual machine, of your own: containers often get no controllers.",
            )


class Group:
    """The cgroup `name`: MB of memory, processes, cores."""

    def __init__(self, name: str, memory_mb: int, processes: int, cores: float) -> None:
        self._values: dict[str, dict[str, object]]
        if unified():
            self.folders = [BASE / name]
            limits = {"memory.max": memory_mb << 20, "memory.swap.max": 0, "pids.max": processes}
            self._values = {BASE.name: limits | {"cpu.max": f"{int(cores * 100_000)} 100000"}}
            return
        found = [
            one for one in _CONTROLLERS if (BASE / one / "cgroup.procs").exists() and not (BASE / one).is_symlink()
        ]
        self.folders = [BASE / one / name for one in found]
        self._values = {
            "memory": {"memory.limit_in_bytes": memory_mb << 20},
            "pids": {"pids.max": processes},
            "cpu": {"cpu.cfs_period_us": 100_000, "cpu.cfs_quota_us": int(cores * 100_000)},
        }

    @property
    def controllers(self) -> list[str]:
        """What a lab mounts: the controllers' names (v1), or `unified`."""
        return ["unified"] if unified() else [place.parent.name for place in self.folders]

    @property
    def doors(self) -> list[Path]:
        """Where a process that enters a lab writes its number."""
        return [place / _DOOR if unified() else place for place in self.folders]

    @property
    def kernel_doors(self) -> list[Path]:
        """Where the process that becomes the submission's kernel writes its number."""
        home = self._kernel.parent
        return [self._kernel if home in (place, place.parent) else place for place in self.doors]

    @property
    def _kernel(self) -> Path:
        place = next((one for one in self.folders if one.parent.name == "pids"), self.folders[0])
        return place / _KERNEL

    def end_kernel(self) -> None:
        """End the submission's kernel and every process that it started, however fast they make new ones."""
        limit = self._kernel / "pids.max"
        if limit.exists():
            limit.write_text("0")
        process.remove_cgroup(self._kernel)

    def make(self, owner: int | None = None) -> None:
        """Make the folders with their limits; `owner` may move processes and make cgroups below, but not raise a limit."""
        if unified():
            for name in (*_NEEDED, "cpuset", "io"):
                with contextlib.suppress(OSError):  # what the machine lacks of these, it does without
                    (BASE / "cgroup.subtree_control").write_text(f"+{name}")
        for place in self.folders:
            place.mkdir(exist_ok=True)
            if place.parent.name == "cpuset":
                for name in ("cpuset.cpus", "cpuset.mems"):
                    (place / name).write_text((place.parent / name).read_text())
            for name, value in self._values.get(place.parent.name, {}).items():
                if (place / name).exists():  # a kernel without swap has no limit for it
                    (place / name).write_text(str(value))
            if owner is not None:
                self._give(place, owner)
        if owner is not None:
            self._kernel.mkdir(exist_ok=True)

    def _give(self, place: Path, owner: int) -> None:
        owned = [place, place / "cgroup.procs"]
        if unified():
            (place / _DOOR).mkdir(exist_ok=True)
            owned += [place / "cgroup.threads", place / "cgroup.subtree_control"]
            owned += [place / _DOOR, place / _DOOR / "cgroup.procs"]
        else:
            owned.append(place / "tasks")
        for path in owned:
            os.chown(path, owner, owner)

    def usage(self) -> dict[str, float]:
        """CPU seconds used, MB at the worst moment, and how many processes were refused, so far."""
        told = {place.parent.name: place for place in self.folders}
        refused = (told.get("pids", self.folders[0]) / "pids.events").read_text().split()[1]
        if unified():
            cpu = dict(line.split() for line in (self.folders[0] / "cpu.stat").read_text().splitlines())
            # memory.peak came with Linux 5.19.
            peak = next(p for p in (self.folders[0] / "memory.peak", self.folders[0] / "memory.current") if p.exists())
            seconds = int(cpu["usage_usec"]) / 1e6
        else:
            seconds = int((told["cpuacct"] / "cpuacct.usage").read_text()) / 1e9
            peak = told["memory"] / "memory.max_usage_in_bytes"
        return {"cpu_seconds": seconds, "peak_mb": int(peak.read_text()) / 1e6, "refused": float(refused)}

    def end(self) -> None:
        """Kill everything in the group and below, and remove it."""
        for place in self.folders:
            process.remove_cgroup(place)
