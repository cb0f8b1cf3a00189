"""Where the first lesson's commands run: on this host as root, as an ordinary user in a user namespace, or in a helper
container. It is chosen by trying; exercises read the same in all three."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from environment import paths, process
from environment.errors import EnvironmentProblem
from helpers.errors import CannotTell, CourseError

_HELPER = "containers-course-place"
_NAMESPACES = ["--pid", "--fork", "--mount", "--uts", "--ipc", "--net", "--mount-proc"]


@dataclass(frozen=True)
class Place:
    """How to run a command there (`prefix`), and what lessons need to know of it (`env`)."""

    kind: str
    prefix: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)

    def command(self, environment: Mapping[str, str]) -> list[str]:
        """The prefix, passing these variables on where it leads into a container (which does not inherit ours)."""
        if not self.prefix:
            return []
        passed = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        return [*self.prefix[:2], *passed, *self.prefix[2:]]

    def run(self, script: str, *arguments: str, timeout: float = 20) -> str:
        """Run a `sh` script there and return its stdout, whatever its exit status. Raises CannotTell when it cannot run."""
        command = [*self.prefix, "sh", "-c", script, "sh", *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotTell(
                f"the place where the lesson runs did not answer ({error}).", "run the cell again."
            ) from None
        return done.stdout


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run([*command, "true"], capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _memory_cgroup(name: str) -> dict[str, str] | None:
    """Make a cgroup of ours in which memory limits work, and say how they are written; None where we may not."""
    base = Path("/sys/fs/cgroup")
    unified = (base / "cgroup.controllers").exists()
    own = Path("/proc/self/cgroup").read_text().splitlines()
    if unified:
        here = next((line.split(":", 2)[2] for line in own if line.startswith("0::")), "/")
        candidates = [base, (base / here.lstrip("/")).parent]
        limit, events = "memory.max", "memory.events"
    else:
        candidates, limit, events = [base / "memory"], "memory.limit_in_bytes", "memory.oom_control"
    for parent in candidates:
        folder = parent / name
        try:
            folder.mkdir(exist_ok=True)
            if unified:
                (folder / "cgroup.subtree_control").write_text("+memory")
            probe = folder / "probe"
            probe.mkdir(exist_ok=True)
            (probe / limit).write_text("64M")
            probe.rmdir()
        except OSError:
            continue
        version = "2" if unified else "1"
        return {"CGROUP": str(folder), "CGROUP_VERSION": version, "MEMORY_LIMIT": limit, "MEMORY_EVENTS": events}
    return None


def _here(name: str) -> Place | None:
    """This host, directly, if namespaces and memory cgroups can be made here."""
    if not shutil.which("unshare") or not Path("/bin/busybox").exists():
        return None
    for kind, flags in (("root", []), ("rootless", ["--user", "--map-root-user"])):
        if _works(["unshare", *flags, *_NAMESPACES]):
            cgroup = _memory_cgroup(name)
            if cgroup:
                return Place(kind, env={**cgroup, "ROOTLESS": " ".join(flags), "BUSYBOX": "/bin/busybox"})
    return None


def _helper(work: Path) -> Place:
    """A privileged container that plays the host. Raises CourseError where there is no engine for it either."""
    from helpers import containers, images

    try:
        image = images.pull("debian").reference
        busybox = images.pull("busybox").reference
    except (CourseError, EnvironmentProblem) as error:
        raise CourseError(
            f"this lesson needs namespaces and memory cgroups. They can't be made here as user {os.geteuid()}, and there is "
            f"no Docker Engine to make a helper container in ({error}).",
            "start the lab as root (`sudo python3 -m environment start`), or start Docker, then run this cell again.",
        ) from None
    mounts = [f"{work}:{work}"]
    static = Path("/bin/busybox")
    mounts += [f"{static}:/usr/local/bin/busybox:ro"] if static.exists() else []
    box = containers.run(image, ["sleep", "infinity"], name=_HELPER, privileged=True, volumes=mounts, init=True)
    prefix = ("docker", "exec", "--interactive", "--workdir", str(work), _HELPER)
    if not static.exists():
        source = containers.run(busybox, ["sleep", "60"], name=f"{_HELPER}-source")
        stream, _ = source.raw.get_archive("/bin/busybox")
        box.raw.put_archive("/usr/local/bin", b"".join(stream))
        source.remove()
    script = "d=/sys/fs/cgroup; [ -e $d/cgroup.controllers ] && v=2 || { v=1; d=$d/memory; }; mkdir -p $d/lesson; "
    script += (
        "if [ $v = 2 ]; then mkdir -p $d/init; for p in $(cat $d/cgroup.procs); do echo $p > $d/init/cgroup.procs; "
    )
    script += (
        "done; echo +memory > $d/cgroup.subtree_control; echo +memory > $d/lesson/cgroup.subtree_control; fi 2>&-; "
    )
    place = Place("container", prefix)
    version = place.run(script + "echo $v").strip()
    folder = "/sys/fs/cgroup/lesson" if version == "2" else "/sys/fs/cgroup/memory/lesson"
    limit, events = (
        ("memory.max", "memory.events") if version == "2" else ("memory.limit_in_bytes", "memory.oom_control")
    )
    return Place(
        "container",
        prefix,
        {
            "CGROUP": folder,
            "CGROUP_VERSION": version,
            "MEMORY_LIMIT": limit,
            "MEMORY_EVENTS": events,
            "ROOTLESS": "",
            "BUSYBOX": "/usr/local/bin/busybox",
        },
    )


def choose(work: Path) -> Place:
    """The first place of the three that works; COURSE_PLACE=container asks for the helper container."""
    found = None if os.environ.get("COURSE_PLACE") == "container" else _here(f"{paths.NAME}-lesson-{os.geteuid()}")
    return found or _helper(work)


def discard(env: dict[str, str]) -> None:
    """Remove the helper container and the lesson's cgroups, with what still runs in them."""
    from helpers import containers

    folder = Path(env.get("CGROUP", "/nonexistent"))
    if folder.is_dir() and folder.name.startswith(paths.NAME):
        process.remove_cgroup(folder)
    if env.get("COURSE_PLACE_KIND") == "container":
        containers.Container(_HELPER).remove()
