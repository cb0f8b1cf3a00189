"""Small virtual machines, to hold beside containers: QEMU with Debian's kernel, from the image `course/vm:1`.

The machine is a process in a container of its own, so that it can be measured and removed like one. `docker exec NAME vm
COMMAND` runs a command inside the guest.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from helpers import containers, wait
from helpers.engine import LABEL, client
from helpers.errors import CourseError

IMAGE = "course/vm:1"
#: Counts in a loop of the shell, and prints the seconds that it took: pure computing, the same program everywhere.
LOOP = "time sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done' 2>&1"


@dataclass(frozen=True)
class Machine:
    """One virtual machine, known by the name of its container."""

    name: str

    @property
    def container(self) -> containers.Container:
        """The container that QEMU runs in."""
        return containers.Container(self.name)

    def run(self, command: str) -> str:
        """What a shell command inside the guest prints. Raises CourseError when it fails, or the guest is gone."""
        status, output = self.container.exec(["vm", command])
        if status:
            raise CourseError(f"in '{self.name}', `{command}` ended with status {status}: {output.strip()[-300:]}")
        return output

    @property
    def boot_seconds(self) -> float:
        """From QEMU's start until the guest's first process had set it up."""
        return float(self._told()["seconds"])

    @property
    def accelerated(self) -> bool:
        """The processor helps (KVM); otherwise every instruction of the guest is translated by software."""
        return self._told()["accelerator"] == "kvm"

    def _told(self) -> dict[str, str | float]:
        status, output = self.container.exec(["vm"])
        return dict(json.loads(output)) if status == 0 else {"seconds": "nan", "accelerator": "unknown"}

    def __repr__(self) -> str:
        how = "with the processor's help (KVM)" if self.accelerated else "emulated in software"
        return f"<virtual machine {self.name}: booted in {self.boot_seconds:.1f} s, {how}>"


def boot(name: str, *, memory_mb: int = 192, port: int = 0, timeout: float = 120) -> Machine:
    """Make it so that a virtual machine `name` is up; `port` on loopback leads to the guest's port 80.

    Raises TimedOut when it does not come up.

    >>> boot("machine", memory_mb=256)  # doctest: +SKIP
    """
    machine = Machine(name)
    devices = ["/dev/kvm:/dev/kvm"] if Path("/dev/kvm").exists() else []
    containers.run(
        IMAGE,
        name=name,
        ports={port: 80} if port else None,
        env={"VM_MEMORY_MB": str(memory_mb)},
        devices=devices,
    )
    wait.until(
        lambda: machine.container.exec(["test", "-e", "/run/vm.json"])[0] == 0,
        f"the virtual machine '{name}' to be up",
        timeout=timeout,
    )
    return machine


def get(name: str) -> Machine:
    """The machine of that name. Raises NotFound."""
    containers.get(name)
    return Machine(name)


def loop_seconds(name: str) -> float:
    """How long the same loop takes: in the guest, where `name` is a machine, else in the container."""
    box = containers.get(name)
    inside = ["vm", LOOP] if box.attrs["Config"]["Image"] == IMAGE else ["sh", "-c", LOOP]
    status, output = box.exec(inside)
    words = output.split()
    if status or "real" not in words:
        raise CourseError(f"the loop could not be timed in '{name}': {output.strip()[-200:]}")
    minutes, seconds = words[words.index("real") + 1 : words.index("real") + 3]
    return 60 * float(minutes.rstrip("m")) + float(seconds.rstrip("s"))


def memory_mb(name: str) -> float:
    """What a container holds in memory, in MB, without the file cache: what `docker stats` shows."""
    memory = containers.get(name).raw.stats(stream=False, one_shot=True)["memory_stats"]
    details = memory.get("stats", {})
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    return float(memory.get("usage", 0) - cache) / 1e6


def start_seconds(image: str, *, times: int = 5) -> float:
    """The median time, in s, from asking the engine for a container of `image` until its process has run and ended."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        client().containers.run(image, ["true"], remove=True, labels={LABEL: "helper"})
        took.append(time.monotonic() - began)
    return median(took)


def span_seconds(names: Sequence[str]) -> float:
    """The engine's own record: seconds from the first of these containers' creation to the last one's start."""
    all_attrs = [containers.get(name).attrs for name in names]
    began = min(containers.unix_time(attrs["Created"]) for attrs in all_attrs)
    return max(containers.unix_time(attrs["State"]["StartedAt"]) for attrs in all_attrs) - began
