"""A lab of its own for one submission: an engine in namespaces that are nobody's on this machine, with limits of its own.

Its root is an ordinary, otherwise unused user outside; it has no way to another network, a disk of fixed size, and cgroups
with real limits. The boundary is the kernel: what breaks that, breaks out. See docs/grading.md.
"""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from environment import paths, process
from environment.engine import api
from environment.errors import EnvironmentProblem
from environment.grading import confined, inside, unsharing

HERE = Path(__file__).parent / "isolation"
#: Ids that no distribution hands out: /etc/subuid ends far below.
FIRST_ID, IDS = 2_000_000_000, 65_536


@dataclass(frozen=True)
class Limits:
    """What a lab may use: MB of memory, processes, cores, MB of disk."""

    memory_mb: int = 2048
    processes: int = 2000
    cores: float = 2.0
    disk_mb: int = 4096


def runtime(slot: int) -> Path:
    """The folder for a lab's mount points and sockets. Its name, and its cgroups', go with this home's runtime folder: to
    stop one home's labs does not touch another's."""
    base = paths.runtime()
    return base.with_name(f"{base.name}-lab-{slot}")


def check_possible() -> None:
    """Raise EnvironmentProblem where no isolated lab can be made, with the reason."""
    if os.uname().sysname != "Linux" or os.geteuid() != 0:
        raise EnvironmentProblem("grading in isolated labs takes root on Linux.", "run it with `sudo`.")
    confined.check_possible()
    missing = [name for name in ("unshare", "setpriv", "nsenter", "mkfs.ext4", "pivot_root") if not shutil.which(name)]
    if missing:
        raise EnvironmentProblem(f"'{missing[0]}' is not installed.", "apt-get install -y util-linux e2fsprogs")


class Lab:
    """One isolated lab: `with Lab(0, disk, course) as lab: …`. `disk` is a file with an ext4 file system, changed by use;
    `course` a copy of the course without sources, `packages` what its builds may install, if they may. Raises
    EnvironmentProblem when it does not come up in 20 s."""

    def __init__(
        self, slot: int, disk: Path, course: Path, limits: Limits = Limits(), packages: Path | None = None
    ) -> None:
        self.slot, self.disk, self.course, self.limits, self.packages = slot, disk, course, limits, packages
        self.base = FIRST_ID + slot * IDS
        self.runtime = runtime(slot)
        self.sockets = self.runtime / "sockets"
        self.log = paths.logs() / f"lab-{slot}.log"
        self.cgroups = confined.Group(self.runtime.name, limits.memory_mb, limits.processes, limits.cores)
        self.mounted, self.etc = self.runtime / "disk", self.runtime / "etc"
        self.init: dict[str, int | str | None] = {}
        #: Who is process 1 in the lab, and the engine that it was started with.
        self.engine: dict[str, int | str | None] = {}
        self._outer: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """The engine's socket, as seen from outside."""
        return self.sockets / "docker.sock"

    def start(self) -> None:
        """Start the lab; its engine answers when this returns."""
        check_possible()
        self.stop()
        self.runtime.mkdir(mode=0o755)
        root = self.runtime / "root"
        root.mkdir()
        self.sockets.mkdir()
        # The one place that lab and machine both write to: a megabyte of memory, lest it become a way to our disk.
        owner = f"mode=755,uid={self.base},gid={self.base},size=1m,nr_inodes=200,nosuid,nodev,noexec"
        process.run(["mount", "-t", "tmpfs", "-o", owner, "sockets", str(self.sockets)])
        self.mounted.mkdir()
        inside.write_etc(self.etc)
        process.run(["mount", "-o", "loop,nosuid,nodev", str(self.disk), str(self.mounted)])
        self.cgroups.make(self.base)
        variables = {
            "PATH": inside.PATH,
            "ROOT": str(root),
            "BASE": str(self.base),
            "DISK": str(self.mounted),
            "HERE": str(HERE),
            "ETC": str(self.etc),
            "SOCKETS": str(self.sockets),
            "BINDS": inside.bind_lines(self.course, self.packages),
            "CGROUPS": " ".join(map(str, self.cgroups.folders)),
            "CONTROLLERS": " ".join(self.cgroups.controllers),
            "LAB_PATH": f"/lab/engine:/lab/tools:{inside.PATH}",
            "INSIDE": (HERE / "inside.sh").read_text(),
        }
        with self.log.open("wb") as log:
            self._outer = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "sh", str(HERE / "outside.sh")],
                env=variables,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        outer = self._outer
        try:
            unsharing.map_ids(lambda: outer.pid, ((0, self.base, IDS),), outer)
            self.init = process.identity(unsharing.await_process(lambda: unsharing.child(outer.pid), outer))
            for place in self.cgroups.doors:
                (place / "cgroup.procs").write_text(str(outer.pid))
            assert outer.stdin  # noqa: S101
            outer.stdin.write(b"go\n")
            outer.stdin.close()
        except EnvironmentProblem:
            self._check(0)
        self._await_engine()

    def _check(self, deadline: float) -> None:
        ended = self._outer is None or self._outer.poll() is not None
        if ended or time.monotonic() > deadline:
            lines = [line for line in self.log.read_text(errors="replace").splitlines() if "level=info" not in line]
            self.stop()
            raise EnvironmentProblem(
                "the isolated lab did not start:\n    " + "\n    ".join(lines[-5:]), f"the whole log is {self.log}."
            )

    def _await_engine(self) -> None:
        deadline = time.monotonic() + unsharing.START_SECONDS
        while not api.version(f"unix://{self.socket}", timeout=2):
            self._check(deadline)
            time.sleep(0.02)
        self.engine = process.identity(unsharing.child(int(str(self.init["pid"]))) or 0)

    def command(
        self, *words: str, user: int = inside.LEARNER, cwd: str = "/", doors: list[Path] | None = None
    ) -> list[str]:
        """The command line that runs `words` in the lab, as one of its users; `doors` are the cgroups that it enters by."""
        enter = ["nsenter", "--target", str(self.init["pid"]), "--all", f"--wdns={cwd}"]
        groups = f"--groups={inside.DOCKER_GROUP}" if user else "--clear-groups"
        # Without bounds, a set-user-ID program in a container's files would hand out what containers are denied.
        bounds = ["--bounding-set=-all"] if user else []
        # Entering its namespaces brings no process into the lab's cgroups: that comes first, while we may. And where memory
        # runs out, whoever came in by this door goes before the engine.
        places = " ".join(f"{place}/cgroup.procs" for place in doors or self.cgroups.doors)
        script = f'for place in {places}; do echo $$ > "$place"; done; echo 800 > /proc/self/oom_score_adj; exec "$@"'
        join = ["sh", "-c", script, "sh"]
        return [*join, *enter, "setpriv", f"--reuid={user}", f"--regid={user}", groups, *bounds, *words]

    def stop(self) -> None:
        """End everything in the lab and take its traces from this machine; the disk stays."""
        process.end(self.init, patience=0.05)
        self.cgroups.end()
        if self._outer:
            self._outer.wait(10)
            if self._outer.stdin:
                self._outer.stdin.close()
            self._outer = None
        for place in (self.mounted, self.sockets):
            if os.path.ismount(place):
                process.run(["umount", str(place)])
        shutil.rmtree(self.runtime, ignore_errors=True)

    def __enter__(self) -> "Lab":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def end_leftovers() -> None:
    """End the labs, and their judges, of a grading that was killed."""
    for folder in paths.runtime().parent.glob(f"{paths.runtime().name}-lab-*"):
        slot = int(folder.name.rsplit("-", 1)[1])
        confined.Group(f"{folder.name}-judge", 0, 0, 0).end()
        Lab(slot, Path(), Path()).stop()
