"""`doctor`: what this machine can run, found by doing it, in numbers, with the remedy for what it cannot."""

import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from environment import bootstrap, console, files, paths, process
from environment.engine import choice, host, owned
from environment.errors import EnvironmentProblem


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `ok` is None where it is only worth knowing."""

    topic: str
    ok: bool | None
    text: str
    remedy: str = ""


def _machine() -> Finding:
    memory = 0.0
    if Path("/proc/meminfo").exists():
        memory = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) / 1e6
    text = f"{platform.system()} {platform.machine()}, kernel {platform.release()}, {os.cpu_count()} cores, {memory:.1f} GB free"
    if memory and memory < 1.5:
        return Finding("machine", False, text, "close other programs: the Docker lessons take up to 1.5 GB")
    return Finding("machine", True, text)


def _disk() -> Finding:
    free = files.free_bytes(paths.data()) / 1e9
    built = (owned.programs() / "dockerd").exists()
    needed = 3.0 if built else 10.0
    remedy = "free some space, or set XDG_CACHE_HOME and XDG_DATA_HOME to a larger disk"
    return Finding("disk", free >= needed, f"{free:.0f} GB free, {needed:.0f} needed", "" if free >= needed else remedy)


def _packages() -> Finding:
    missing = bootstrap.missing_packages(engine=os.geteuid() == 0)
    if not missing:
        return Finding("system packages", True, "all there")
    command = f"sudo apt-get install -y --no-install-recommends {' '.join(missing)}"
    return Finding("system packages", False, f"missing: {' '.join(missing)}", command)


def _engine() -> Finding:
    try:
        if owned.running():
            return Finding("engine", True, f"ours runs: {choice.describe(choice.current())}")
        found = choice.find_shared()
        if found:
            return Finding("engine", True, f"yours answers: Docker {found['version']} at {found['host']}")
        owned.check_possible()
    except EnvironmentProblem as error:
        return Finding("engine", False, error.what, error.remedy)
    return Finding("engine", True, "none answers; `start` builds and starts one")


def _capabilities() -> Finding:
    missing = owned.missing_capabilities()
    if not missing:
        return Finding("capabilities", True, "complete")
    return Finding(
        "capabilities",
        None,
        f"the kernel withholds {len(missing)} (numbers {missing}); `--privileged` is trimmed to fit",
    )


def _cgroups() -> Finding:
    base = Path("/sys/fs/cgroup")
    unified = (base / "cgroup.controllers").exists()
    controllers = (
        (base / "cgroup.controllers").read_text().split()
        if unified
        else [p.name for p in base.iterdir() if (p / "cgroup.procs").exists() and p.name not in {"systemd", "unified"}]
    )
    has_memory = "memory" in controllers
    text = f"v{2 if unified else 1}, controllers: {' '.join(sorted(controllers)) or 'none'}"
    return Finding("cgroups", has_memory, text, "" if has_memory else "boot with the memory controller enabled")


def _namespaces() -> Finding:
    flags = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    words = ["unshare", *flags, "--pid", "--fork", "--mount-proc", "--net", "--uts", "true"]
    began = time.monotonic()
    try:
        works = subprocess.run(words, capture_output=True).returncode == 0
    except FileNotFoundError:
        works = False
    text = f"five new ones in {(time.monotonic() - began) * 1000:.0f} ms" if works else "can't be made by this user"
    return Finding("namespaces", works, text, "" if works else "run as root, or allow unprivileged user namespaces")


def _overlay() -> Finding:
    """Mount an overlay where the engine's data will lie; a file system that can't hold one makes images slow."""
    if os.geteuid() != 0:
        return Finding("overlay file system", None, "not tried: only root can mount")
    paths.data().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.data()) as folder:
        for name in ("lower", "upper", "work", "merged"):
            (Path(folder) / name).mkdir()
        options = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work"
        words = ["mount", "-t", "overlay", "overlay", "-o", options, f"{folder}/merged"]
        works = subprocess.run(words, capture_output=True).returncode == 0
        host.unmount(Path(folder))
    return Finding(
        "overlay file system",
        works,
        "works" if works else f"can't be mounted below {paths.data()}",
        "" if works else "set XDG_DATA_HOME to a folder on ext4 or xfs",
    )


def _disk_speed() -> Finding:
    paths.data().mkdir(parents=True, exist_ok=True)
    block = b"\0" * (1 << 20)
    began = time.monotonic()
    with tempfile.NamedTemporaryFile(dir=paths.data()) as handle:
        for _ in range(64):
            handle.write(block)
        handle.flush()
        os.fsync(handle.fileno())
    return Finding("disk speed", None, f"64 MB written and synced in {time.monotonic() - began:.2f} s")


def _firewall() -> Finding:
    program = shutil.which("iptables", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if os.geteuid() != 0 or not program:
        return Finding("firewall", None, "iptables is not installed" if not program else "not tried: only root may")
    try:
        process.run([program, "-w", "5", "-S"])
    except EnvironmentProblem as error:
        return Finding("firewall", False, error.what, "load the kernel's netfilter modules")
    return Finding("firewall", True, "iptables works")


CHECKS: tuple[Callable[[], Finding], ...] = (
    _machine,
    _disk,
    _packages,
    _engine,
    _capabilities,
    _cgroups,
    _namespaces,
    _overlay,
    _disk_speed,
    _firewall,
)


def examine() -> list[Finding]:
    """All findings."""
    return [check() for check in CHECKS]


def main(*, as_json: bool) -> int:
    """Print the findings; exit status 1 if one of them stands in the way."""
    found = examine()
    if as_json:
        console.say(json.dumps([asdict(finding) for finding in found], indent=1))
    else:
        for finding in found:
            mark = {True: "✓", False: "✗", None: "–"}[finding.ok]
            console.say(f"{mark} {finding.topic:<20} {finding.text}")
            if finding.remedy:
                console.say(f"    What to do: {finding.remedy}")
    return 1 if any(finding.ok is False for finding in found) else 0
