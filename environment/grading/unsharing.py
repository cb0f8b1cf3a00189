"""Processes that get namespaces of their own: finding them, and giving their user namespace its ids."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from environment.errors import EnvironmentProblem

START_SECONDS = 20.0


def child(pid: int) -> int | None:
    """The first child of a process, if it has one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def await_process(look: Callable[[], int | None], running: "subprocess.Popen[bytes]") -> int:
    """What `look` finds, as soon as it finds it. Raises EnvironmentProblem when the process ended, or after 20 s."""
    deadline = time.monotonic() + START_SECONDS
    while not (found := look()):
        if running.poll() is not None or time.monotonic() > deadline:
            raise EnvironmentProblem("a process of the lab did not start.")
        time.sleep(0.005)
    return found


def map_ids(
    look: Callable[[], int | None], extents: tuple[tuple[int, int, int], ...], running: "subprocess.Popen[bytes]"
) -> None:
    """Wait until the process that `look` finds has a user namespace of its own, and give that its ids.

    `extents` are (first id inside, first id outside, how many).
    """
    ours = Path("/proc/self/ns/user").readlink()

    def entered() -> int | None:
        pid = look()
        try:
            return pid if pid and Path(f"/proc/{pid}/ns/user").readlink() != ours else None
        except OSError:
            return None

    pid = await_process(entered, running)
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text("".join(f"{a} {b} {count}\n" for a, b, count in extents))
