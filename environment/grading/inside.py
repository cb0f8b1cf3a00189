"""What the inside of a lab looks like: its variables, its /etc, its engine's settings, and what it sees of this machine."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from environment import bootstrap, paths, versions
from environment.engine import owned
from environment.grading import packages

#: In the lab: the submission's user, and the group that may talk to the engine.
LEARNER, DOCKER_GROUP = 1000, 990
#: Who hands packages out: nobody else in the lab.
LIBRARIAN = 1001
SOCKET = "/run/lab/docker.sock"
#: The kubeconfig context of a lab's cluster, and where a submission finds the kubeconfig.
CONTEXT, KUBECONFIG = "grading", "/run/lab/kubeconfig"
DISK = "/lab/disk"
COURSE = "/course"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def engine_record() -> dict[str, str]:
    """What the course in a lab reads about its engine."""
    version = next(one.version for one in versions.components() if one.name == "dockerd")
    return {"kind": "owned", "host": f"unix://{SOCKET}", "version": version}


def words(*, builds: bool = False, more: Mapping[str, str] | None = None) -> list[str]:
    """The variables of a process in the lab, and `more`, as words of `env`. Where it `builds`, pip asks the lab's own packages."""
    packaged = {"PIP_INDEX_URL": packages.INDEX} if builds else {}
    return [f"{name}={value}" for name, value in (_environment() | packaged | dict(more or {})).items()]


def _environment() -> dict[str, str]:
    python = bootstrap.environment_folder("lab") / "bin"
    tools = f"{DISK}/data/{paths.NAME}/bin"
    return {
        "PATH": f"{python}:{tools}:{PATH}",
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


def bind_lines(course: Path, cache: Path | None = None) -> str:
    """What a lab and its judge see of this machine, as the scripts take it; `course` is the copy for learners, `cache` the
    packages that builds may use."""
    shown = [*_binds(course), *([(cache, packages.PLACE)] if cache else [])]
    return "\n".join(f"{source} {target}" for source, target in shown)


def _binds(course: Path) -> list[tuple[Path, str]]:
    """What a lab sees of this machine besides /usr: the course, Python with its packages, the built programs."""
    python = bootstrap.environment_folder("lab")
    base = Path(os.path.realpath(python / "bin" / "python")).parents[1]
    own = [(base, str(base))] if not base.is_relative_to("/usr") else []
    shown = [
        (python, str(python)),
        (course, COURSE),
        (owned.programs(), "/lab/tools"),
        # A `runc` that withholds SYS_PTRACE from every container. The kernel lets a process look into another one only if it
        # has all of its capabilities, or SYS_PTRACE. The engine has all: so nobody in a lab can change its mind by writing to
        # its memory, or take its socket from its hands.
        (owned.programs() / "oci-runtime", "/lab/engine/runc"),
    ]
    return [*own, *shown]


def write_etc(folder: Path) -> None:
    """The lab's /etc: what programs look up there, nothing of this machine's users, hosts or secrets."""
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
    (folder / "docker" / "daemon.json").write_text(json.dumps(_daemon()))


def _daemon() -> dict[str, object]:
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
        "log-level": "warn",  # its log is a file of ours, and a submission can make it write
        # A CDI description may carry hooks, which run with the engine's own rights.
        "features": {"cdi": False},
        "log-opts": {"max-size": "5m", "max-file": "2"},
    }
