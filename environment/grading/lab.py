"""A lab of its own for one submission: an engine in namespaces that are nobody's on this machine, with limits of its own.

Its root is an ordinary, otherwise unused user outside; it has no way to another network, a disk of fixed size, and cgroups
with real limits. The boundary is the kernel: what breaks that, breaks out. See docs/grading.md.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from environment import bootstrap, paths, process, versions
from environment.engine import api, owned
from environment.errors import EnvironmentProblem
from environment.grading import confined

HERE = Path(__file__).parent / "isolation"
#: Ids that no distribution hands out: /etc/subuid ends far below.
FIRST_ID, IDS = 2_000_000_000, 65_536
#: In the lab: the submission's user, and the group that may talk to the engine.
LEARNER, DOCKER_GROUP = 1000, 990
START_SECONDS = 20.0
SOCKET = "/run/lab/docker.sock"
DISK = "/lab/disk"
COURSE = "/course"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Limits:
    """What a lab may use: MB of memory, processes, cores, MB of disk."""

    memory_mb: int = 2048
    processes: int = 2000
    cores: float = 2.0
    disk_mb: int = 4096


def runtime(slot: int) -> Path:
    """The folder for a lab's mount points and sockets."""
    return Path("/run") / f"{paths.NAME}-lab-{slot}"


def engine_record() -> dict[str, str]:
    """What the course in a lab reads about its engine."""
    version = next(one.version for one in versions.components() if one.name == "dockerd")
    return {"kind": "owned", "host": f"unix://{SOCKET}", "version": version}


def _runtime() -> Path:
    """A folder with a `runc` that withholds SYS_PTRACE from every container.

    The kernel lets a process look into another one only if it has all of its capabilities, or SYS_PTRACE. The engine has all:
    so nobody in a lab can change its mind by writing to its memory, or take its socket from its hands.
    """
    folder = paths.data() / "labs" / "runtime"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name("runc.draft")
    shutil.copyfile(owned.programs() / "oci-runtime", draft)
    draft.chmod(0o755)
    draft.rename(folder / "runc")
    return folder


def child(pid: int) -> int | None:
    """The first child of a process, if it has one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def _await(look: Callable[[], int | None], running: "subprocess.Popen[bytes]") -> int:
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

    pid = _await(entered, running)
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text("".join(f"{a} {b} {count}\n" for a, b, count in extents))


def check_possible() -> None:
    """Raise EnvironmentProblem where no isolated lab can be made, with the reason."""
    if os.uname().sysname != "Linux" or os.geteuid() != 0:
        raise EnvironmentProblem("grading in isolated labs takes root on Linux.", "run it with `sudo`.")
    if (Path("/sys/fs/cgroup") / "cgroup.controllers").exists():
        raise EnvironmentProblem(
            "isolated labs were proven on cgroup v1 only, and this machine has cgroup v2.",
            "grade on a disposable machine with `--trust-submissions`.",
        )
    missing = [name for name in ("unshare", "setpriv", "nsenter", "mkfs.ext4", "pivot_root") if not shutil.which(name)]
    if missing:
        raise EnvironmentProblem(f"'{missing[0]}' is not installed.", "apt-get install -y util-linux e2fsprogs")


class Lab:
    """One isolated lab: `with Lab(0, disk, course) as lab: …`. `disk` is a file with an ext4 file system, changed by use;
    `course` a copy of the course without sources. Raises EnvironmentProblem when it does not come up in 20 s."""

    def __init__(self, slot: int, disk: Path, course: Path, limits: Limits = Limits()) -> None:
        self.slot, self.disk, self.course, self.limits = slot, disk, course, limits
        self.base = FIRST_ID + slot * IDS
        self.runtime = runtime(slot)
        self.sockets = self.runtime / "sockets"
        self.log = paths.logs() / f"lab-{slot}.log"
        self.cgroups = confined.Group(f"lab-{slot}", limits.memory_mb, limits.processes, limits.cores)
        self.mounted = self.runtime / "disk"
        self.init: dict[str, int | str | None] = {}
        self._engine: dict[str, int | str | None] = {}
        self._outer: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """The engine's socket, as seen from outside."""
        return self.sockets / "docker.sock"

    def words(self) -> list[str]:
        """The variables of a process in the lab, as words of `env`."""
        return [f"{name}={value}" for name, value in self._environment().items()]

    def bind_lines(self) -> str:
        """What a lab and its judge see of this machine, as the scripts take it."""
        return "\n".join(f"{source} {target}" for source, target in self._binds())

    def engine(self) -> dict[str, int | str | None]:
        """The identity of the engine that this lab was started with."""
        return self._engine

    def _environment(self) -> dict[str, str]:
        python = bootstrap.environment_folder("lab") / "bin"
        tools = f"{DISK}/data/{paths.NAME}/bin"
        return {
            "PATH": f"{python}:{tools}:{_PATH}",
            "HOME": f"{DISK}/home",
            "USER": "learner",
            "LANG": "C.UTF-8",
            "XDG_DATA_HOME": f"{DISK}/data",
            "XDG_STATE_HOME": f"{DISK}/state",
            "XDG_CACHE_HOME": f"{DISK}/cache",
            "MPLCONFIGDIR": f"{DISK}/cache/matplotlib",
            "COURSE_RUNTIME_DIR": "/run/lab",
            "COURSE_WITHOUT_CLUSTER": "1",
            "PYTHONPATH": COURSE,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _binds(self) -> list[tuple[Path, str]]:
        """What a lab sees of this machine besides /usr: the course, Python with its packages, the built programs."""
        python = bootstrap.environment_folder("lab")
        base = Path(os.path.realpath(python / "bin" / "python")).parents[1]
        own = [(base, str(base))] if not base.is_relative_to("/usr") else []
        shown = [
            (python, str(python)),
            (self.course, COURSE),
            (owned.programs(), "/lab/tools"),
            (_runtime(), "/lab/engine"),
        ]
        return [*own, *shown]

    def _etc(self) -> Path:
        """The lab's /etc: what programs look up there, nothing of this machine's users, hosts or secrets."""
        folder = self.runtime / "etc"
        folder.mkdir()
        people = f"root:x:0:0::/root:/bin/bash\nlearner:x:{LEARNER}:{LEARNER}::{DISK}/home:/bin/bash\n"
        (folder / "passwd").write_text(people)
        (folder / "group").write_text(f"root:x:0:\ndocker:x:{DOCKER_GROUP}:learner\nlearner:x:{LEARNER}:\n")
        (folder / "hosts").write_text("127.0.0.1 localhost lab\n")
        (folder / "resolv.conf").touch()
        (folder / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
        for name in ("ld.so.cache", "protocols", "services", "mime.types"):
            if (Path("/etc") / name).exists():
                shutil.copyfile(Path("/etc") / name, folder / name)
        for name in ("alternatives", "fonts"):
            if (Path("/etc") / name).is_dir():
                shutil.copytree(Path("/etc") / name, folder / name, symlinks=True)
        (folder / "docker").mkdir()
        (folder / "docker" / "daemon.json").write_text(json.dumps(self._daemon()))
        return folder

    def _daemon(self) -> dict[str, object]:
        return {
            "hosts": [f"unix://{SOCKET}"],
            "group": "docker",
            "data-root": f"{DISK}/engine",
            "exec-root": "/run/docker",
            "pidfile": "/run/docker.pid",
            "ip": "127.0.0.1",
            "default-network-opts": {"bridge": {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"}},
            "userland-proxy-path": "/lab/tools/docker-proxy",
            "init-path": "/usr/bin/tini-static",
            "shutdown-timeout": 2,
            # A CDI description may carry hooks, which run with the engine's own rights.
            "features": {"cdi": False},
            "log-opts": {"max-size": "5m", "max-file": "2"},
        }

    def start(self) -> None:
        """Start the lab; its engine answers when this returns."""
        check_possible()
        self.stop()
        self.runtime.mkdir(mode=0o755)
        root = self.runtime / "root"
        root.mkdir()
        self.sockets.mkdir()
        os.chown(self.sockets, self.base, self.base)
        self.mounted.mkdir()
        process.run(["mount", "-o", "loop,nosuid,nodev", str(self.disk), str(self.mounted)])
        self.cgroups.make(self.base)
        variables = {
            "PATH": _PATH,
            "ROOT": str(root),
            "BASE": str(self.base),
            "DISK": str(self.mounted),
            "HERE": str(HERE),
            "ETC": str(self._etc()),
            "SOCKETS": str(self.sockets),
            "BINDS": self.bind_lines(),
            "CGROUPS": " ".join(map(str, self.cgroups.folders)),
            "CONTROLLERS": " ".join(place.parent.name for place in self.cgroups.folders),
            "CGROUP_VERSION": "1",
            "LAB_PATH": f"/lab/engine:/lab/tools:{_PATH}",
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
            map_ids(lambda: outer.pid, ((0, self.base, IDS),), outer)
            self.init = process.identity(_await(lambda: child(outer.pid), outer))
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
        deadline = time.monotonic() + START_SECONDS
        while not api.version(f"unix://{self.socket}", timeout=2):
            self._check(deadline)
            time.sleep(0.02)
        self._engine = process.identity(child(int(str(self.init["pid"]))) or 0)

    def command(self, *words: str, user: int = LEARNER, cwd: str = "/") -> list[str]:
        """The command line that runs `words` in the lab, as one of its users."""
        enter = ["nsenter", "--target", str(self.init["pid"]), "--all", f"--wdns={cwd}"]
        groups = f"--groups={DOCKER_GROUP}" if user else "--clear-groups"
        # Without bounds, a set-user-ID program in a container's files would hand out what containers are denied.
        bounds = ["--bounding-set=-all"] if user else []
        return [*enter, "setpriv", f"--reuid={user}", f"--regid={user}", groups, *bounds, *words]

    def stop(self) -> None:
        """End everything in the lab and take its traces from this machine; the disk stays."""
        process.end(self.init, patience=0.05)
        self.cgroups.end()
        if self._outer:
            self._outer.wait(10)
            if self._outer.stdin:
                self._outer.stdin.close()
            self._outer = None
        if os.path.ismount(self.mounted):
            process.run(["umount", str(self.mounted)])
        shutil.rmtree(self.runtime, ignore_errors=True)

    def __enter__(self) -> "Lab":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
