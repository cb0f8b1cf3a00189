"""The engine that the course starts and owns: its own socket, data, bridge and address range; everything in it is ours."""

import os
import time
from pathlib import Path
from typing import Any

from environment import files, paths, process
from environment.engine import api, host
from environment.errors import EnvironmentProblem
from environment.supply import golang

SYSTEM_PACKAGES = "iproute2 iptables tini"
START_SECONDS = 40.0


def socket() -> Path:
    """The engine's socket."""
    return paths.runtime() / "docker.sock"


def url() -> str:
    """DOCKER_HOST of the engine."""
    return f"unix://{socket()}"


def programs() -> Path:
    """The lab's bin folder."""
    return paths.data() / "bin"


def _record() -> Path:
    return paths.state() / "dockerd.json"


def running() -> bool:
    """Whether our dockerd lives and answers."""
    return process.alive(files.read_json(_record())) and api.version(url()) is not None


def missing_capabilities() -> list[int]:
    """Numbers of the capabilities that no process here can have: present in this kernel, absent from our bounding set."""
    status = Path("/proc/self/status").read_text()
    bounding = int(status.split("CapBnd:")[1].split()[0], 16)
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    return [number for number in range(last + 1) if not bounding & (1 << number)]


def configuration(address_range: str, bridge_address: str) -> dict[str, Any]:
    """The daemon.json. Published ports go to loopback unless told otherwise; logs and build cache have limits."""
    tools = programs()
    config: dict[str, Any] = {
        "hosts": [url()],
        "data-root": str(paths.data() / "engine"),
        "exec-root": str(paths.runtime() / "exec"),
        "pidfile": str(paths.runtime() / "docker.pid"),
        "bridge": host.BRIDGE,
        "fixed-cidr": bridge_address.rsplit(".", 1)[0] + ".0/24",
        "default-address-pools": [{"base": address_range, "size": 24}],
        "ip": "127.0.0.1",
        "default-network-opts": {"bridge": {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"}},
        "ip-forward-no-drop": True,
        "cgroup-parent": f"/{host.CGROUP}",
        "userland-proxy-path": str(tools / "docker-proxy"),
        "init-path": "/usr/bin/tini-static",
        "shutdown-timeout": 5,
        "log-opts": {"max-size": "10m", "max-file": "2"},
        "builder": {"gc": {"enabled": True, "defaultKeepStorage": "2GB"}},
    }
    mirror = os.environ.get("COURSE_REGISTRY_MIRROR")
    if mirror:
        config["registry-mirrors"] = [mirror]
    if missing_capabilities():
        config["runtimes"] = {"course": {"path": str(tools / "oci-runtime")}}
        config["default-runtime"] = "course"
    return config


def _dockerd_environment() -> dict[str, str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("DOCKER_")}
    environment["PATH"] = f"{programs()}:/usr/local/sbin:/usr/sbin:/sbin:{os.environ.get('PATH', os.defpath)}"
    if missing_capabilities():
        # BuildKit does not look at default-runtime.
        environment["DOCKER_BUILDKIT_RUNC_COMMAND"] = str(programs() / "oci-runtime")
    return environment


def dockerd_processes() -> list[int]:
    """Ids of the dockerd processes that are not ours, live, and on our network stack: those that ours would disturb."""
    ours, network = files.read_json(_record(), {}).get("pid"), Path("/proc/self/ns/net").readlink()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        try:
            same = (entry / "comm").read_text().strip() == "dockerd" and (entry / "ns" / "net").readlink() == network
        except OSError:
            continue
        if same and pid != ours and process.started_at(pid):
            found.append(pid)
    return found


def check_possible() -> None:
    """Raise EnvironmentProblem when an engine of our own cannot be started on this machine, with the remedy."""
    if os.uname().sysname != "Linux" or os.geteuid() != 0:
        raise EnvironmentProblem(
            "no Docker Engine answers, and starting one takes root on Linux.",
            "install and start Docker (https://docs.docker.com/get-started/get-docker/) or add yourself to its group "
            "(`sudo usermod -aG docker $USER`, then log in again); or run this command with `sudo`. "
            "Lessons that need no engine work already.",
        )
    strangers = dockerd_processes()
    if strangers:
        raise EnvironmentProblem(
            f"another dockerd runs here (process {strangers[0]}) but does not answer us, and two engines on one "
            "network stack break each other's firewall rules.",
            "set DOCKER_HOST to its socket to share it, or stop it (`sudo systemctl stop docker`).",
        )


def start() -> str:
    """Start the engine, or adopt the one that runs; return its DOCKER_HOST.

    What a killed engine left behind is cleared first; images, volumes and stopped containers are kept.
    Raises EnvironmentProblem with the last lines of its log when it does not come up in 40 s.
    """
    with files.lock("engine", wait=60):
        if running():
            return url()
        check_possible()
        files.require_free(paths.data(), 3.0, "the engine")
        _end_leftovers()
        before = host.remember(host.free_range())
        for folder in (paths.runtime(), paths.data()):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        config = configuration(before["range"], host.make_bridge(before["range"]))
        files.write_json(paths.state() / "daemon.json", config)
        log = paths.logs() / "dockerd.log"
        command: list[str | Path] = [programs() / "dockerd", "--config-file", paths.state() / "daemon.json"]
        who = process.identity(process.spawn(command, log=log, env=_dockerd_environment()))
        files.write_json(_record(), who)
        _await_answer(who, log)
        socket().chmod(0o600)
        return url()


def _await_answer(who: dict[str, Any], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not api.version(url(), timeout=2):
        if not process.alive(who) or time.monotonic() > deadline:
            lines = [line for line in log.read_text(errors="replace").splitlines() if "level=info" not in line]
            raise EnvironmentProblem(
                "the engine did not start:\n    " + "\n    ".join(lines[-5:]),
                f"the whole log is {log}; `python3 -m environment doctor` tells what this machine lacks.",
            )
        time.sleep(0.05)


def stop() -> None:
    """Stop the engine and its containers and put the host back as it was; images and volumes stay on disk."""
    with files.lock("engine", wait=60):
        process.end(files.read_json(_record()), patience=20)
        _end_leftovers()
        if os.geteuid() == 0:
            host.undo()
        files.remove_tree(paths.runtime())


def _end_leftovers() -> None:
    """End what outlived a killed engine: containerd, shims (known by our socket path in their words), containers."""
    mark = str(paths.runtime() / "exec")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0].rsplit("/", 1)[-1].startswith(("containerd", "docker-proxy")) and mark in " ".join(words):
            process.end(process.identity(int(entry.name)), patience=3)
    if host.remembered():
        host.end_container_processes()
    _record().unlink(missing_ok=True)
    # Not every host's init reaps at once, and dockerd waits 10 s for a containerd that is dead but not yet reaped.
    for stale in ("docker.pid", "exec/containerd/containerd.pid"):
        (paths.runtime() / stale).unlink(missing_ok=True)


def install(stage: str) -> list[Path]:
    """Put the built programs of a stage into the lab's bin; CLI plugins where the docker CLI looks for them."""
    installed = golang.install(stage, programs())
    if stage == "plugins":
        folder = paths.state() / "docker" / "cli-plugins"
        folder.mkdir(parents=True, exist_ok=True)
        for program in installed:
            (folder / program.name).unlink(missing_ok=True)
            (folder / program.name).symlink_to(program)
    return installed
