"""From a bare Python to the locked virtual environment, and the system packages the lab needs."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from environment import console, files, paths, process
from environment.errors import EnvironmentProblem

REQUIREMENTS = Path(__file__).with_name("requirements")
MINIMUM_PYTHON = (3, 11)
#: program or file → the Debian package that brings it; what the first lesson and the owned engine stand on.
NEEDED = {
    "ip": "iproute2",
    "iptables": "iptables",
    "/usr/bin/tini-static": "tini",
    "gcc": "gcc",
    "/usr/include/errno.h": "libc6-dev",
    "/usr/include/seccomp.h": "libseccomp-dev",
    "pkg-config": "pkg-config",
    "mmdebstrap": "mmdebstrap",
    "/bin/busybox": "busybox-static",
    "pgrep": "procps",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
LESSON_ONE = ("/bin/busybox", "pgrep")


def environment_folder(lock: str = "lab") -> Path:
    """The virtual environment for a lock file, named by the lock's content and this Python."""
    digest = files.digest_of(
        (REQUIREMENTS / f"{lock}.lock").read_bytes(), platform.python_version(), platform.machine()
    )
    return paths.cache() / "venv" / f"{lock}-{digest}"


def python(lock: str = "lab") -> Path:
    """The interpreter of that environment."""
    return environment_folder(lock) / "bin" / "python"


def ready(lock: str = "lab") -> bool:
    """Whether the environment was completely installed."""
    return (environment_folder(lock) / "complete").exists()


def _has_venv() -> bool:
    return subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0


def missing_packages(*, engine: bool) -> list[str]:
    """Debian packages that are needed and not there; without `engine` only what lessons without an engine take."""
    wanted = NEEDED if engine else {name: NEEDED[name] for name in LESSON_ONE}
    search = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    absent = [
        package
        for name, package in wanted.items()
        if not (Path(name).exists() if name.startswith("/") else shutil.which(name, path=search))
    ]
    return absent if _has_venv() else ["python3-venv", *absent]


def install_packages(packages: list[str], *, yes: bool) -> None:
    """Name the missing packages with the exact command, ask, install. Raises EnvironmentProblem when that can't be done."""
    if not packages:
        return
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    command = [*prefix, "apt-get", "install", "-y", "--no-install-recommends", *packages]
    shown = " ".join(command)
    if not shutil.which("apt-get") or (prefix and not shutil.which("sudo")):
        raise EnvironmentProblem(
            f"this machine lacks: {', '.join(packages)} (Debian's names), and we may not install them.",
            f"ask whoever looks after this machine for: {shown.removeprefix('sudo ')}",
        )
    console.say(f"System packages are missing. They are installed with: {shown}")
    if not console.confirm("Run it now?", yes=yes):
        raise EnvironmentProblem("system packages are missing.", f"{shown}, then start again.")
    with console.step("install system packages") as told:
        told.note = " ".join(packages)
        log = paths.logs() / "apt.log"
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        process.run([*prefix, "apt-get", "update"], log=log, env=quiet, remedy="check this machine's network.")
        process.run(command, log=log, env=quiet, remedy="run the command by hand and read what apt says.")


def create_environment(lock: str = "lab") -> Path:
    """Make sure that the virtual environment has exactly what the lock file says; return its interpreter."""
    if sys.version_info < MINIMUM_PYTHON:
        raise EnvironmentProblem(
            f"Python {platform.python_version()} is too old.",
            "use Python 3.11 or newer: python3.11 -m environment start",
        )
    folder = environment_folder(lock)
    with files.lock(f"venv-{lock}", wait=600):
        if ready(lock):
            return python(lock)
        files.require_free(folder, 2.0, "the Python environment")
        files.remove_tree(folder)
        with console.step(f"create the Python environment ({lock}.lock)"):
            log = paths.logs() / "pip.log"
            process.run([sys.executable, "-m", "venv", folder], log=log)
            install: list[str | Path] = [
                python(lock),
                "-m",
                "pip",
                "install",
                "--require-hashes",
                "--only-binary=:all:",
                "--no-deps",
            ]
            process.run(
                [*install, "--disable-pip-version-check", "-r", REQUIREMENTS / f"{lock}.lock"],
                log=log,
                remedy="check that `pip download pip` works on this machine (network, proxy, index).",
            )
            (folder / "complete").touch()
    return python(lock)
