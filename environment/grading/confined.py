"""Cgroups with real limits for one lab or one judge (cgroup v1: one folder below each controller)."""

import os
from pathlib import Path

from environment import process

_BASE = Path("/sys/fs/cgroup")
_CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer", "blkio", "systemd")


class Group:
    """The cgroup `name`: MB of memory, processes, cores."""

    def __init__(self, name: str, memory_mb: int, processes: int, cores: float) -> None:
        found = [
            one for one in _CONTROLLERS if (_BASE / one / "cgroup.procs").exists() and not (_BASE / one).is_symlink()
        ]
        self.folders = [_BASE / one / name for one in found]
        self._values = {
            "memory": {"memory.limit_in_bytes": memory_mb << 20},
            "pids": {"pids.max": processes},
            "cpu": {"cpu.cfs_period_us": 100_000, "cpu.cfs_quota_us": int(cores * 100_000)},
        }

    def make(self, owner: int | None = None) -> None:
        """Make the folders with their limits; `owner` may move processes and make cgroups below, but not raise a limit."""
        for place in self.folders:
            place.mkdir(exist_ok=True)
            if place.parent.name == "cpuset":
                for name in ("cpuset.cpus", "cpuset.mems"):
                    (place / name).write_text((place.parent / name).read_text())
            for name, value in self._values.get(place.parent.name, {}).items():
                (place / name).write_text(str(value))
            for path in (place, place / "cgroup.procs", place / "tasks") if owner is not None else ():
                os.chown(path, owner or 0, owner or 0)

    def usage(self) -> dict[str, float]:
        """CPU seconds used, MB at the worst moment, and how many processes were refused, so far."""
        told = {place.parent.name: place for place in self.folders}
        used, peak = told["cpuacct"] / "cpuacct.usage", told["memory"] / "memory.max_usage_in_bytes"
        refused = (told["pids"] / "pids.events").read_text().split()[1]
        return {
            "cpu_seconds": int(used.read_text()) / 1e9,
            "peak_mb": int(peak.read_text()) / 1e6,
            "refused": float(refused),
        }

    def end(self) -> None:
        """Kill everything in the group and below, and remove it."""
        for place in self.folders:
            process.remove_cgroup(place)
