"""Where the course keeps its files: XDG folders for the machine, `workspace/` and `build/` in the clone."""

import os
import tempfile
from pathlib import Path

NAME = "containers-course"
ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "notebooks"
WORKSPACE = ROOT / "workspace"
BUILD = ROOT / "build"


def _xdg(variable: str, fallback: str) -> Path:
    """The folder an XDG variable names (absolute paths only, as the specification asks), else `~/fallback`."""
    value = os.environ.get(variable, "")
    base = Path(value) if value.startswith("/") else Path.home() / fallback
    return base / NAME


def cache() -> Path:
    """What can be made again: built tools, downloads, virtual environments."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def state() -> Path:
    """What is running and what we changed: process ids, the ledger, logs, progress."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def data() -> Path:
    """The owned engine's images, containers and volumes."""
    return _xdg("XDG_DATA_HOME", ".local/share")


def runtime() -> Path:
    """Sockets. Short on purpose: a Unix socket's path is limited to 107 bytes, and containerd appends to it."""
    if os.environ.get("COURSE_RUNTIME_DIR"):
        return Path(os.environ["COURSE_RUNTIME_DIR"])
    if os.geteuid() == 0:
        return Path("/run") / NAME
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"{NAME}-{os.geteuid()}"


def building() -> Path:
    """Files that exist only while something is built (client settings among them); `stop` removes what a kill left."""
    folder = state() / "building"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def logs() -> Path:
    """The folder for the logs of everything that runs in the background."""
    folder = state() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
