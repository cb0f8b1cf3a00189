"""Small file duties used everywhere here: locks, atomic writes, JSON state."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environment import paths
from environment.errors import EnvironmentProblem


@contextmanager
def lock(name: str, *, wait: float = 0.0, shared: bool = False) -> Iterator[None]:
    """Hold the course-wide lock `name`, alone or – `shared` – with others who share it; the kernel frees it when the process
    ends, however it ends.

    Waits up to `wait` seconds. Raises EnvironmentProblem naming the holder when it is taken.
    """
    folder = paths.state() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait
    with (folder / name).open("a+") as handle:
        while True:
            try:
                fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    raise EnvironmentProblem(
                        f"another course command holds '{name}' (process {handle.read().strip() or 'unknown'}).",
                        "wait for it, look at `python3 -m environment status`, or end it with "
                        "`python3 -m environment stop`.",
                    ) from None
                time.sleep(0.1)
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def write_atomically(path: Path, content: str, *, mode: int = 0o600) -> None:
    """Write `content` so that a reader, or a crash, sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(content)
    temporary.replace(path)


def read_json(path: Path, default: Any = None) -> Any:
    """The JSON in `path`, or `default` where the file is missing or damaged (state is always makeable again)."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return default


def write_json(path: Path, value: Any, *, mode: int = 0o600) -> None:
    """Write `value` as JSON, atomically."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True) + "\n", mode=mode)


def sha256(path: Path) -> str:
    """The file's SHA-256, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest_of(*parts: str | bytes) -> str:
    """A short key for content: the first 16 hex digits of the parts' SHA-256."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode() if isinstance(part, str) else part)
        total.update(b"\0")
    return total.hexdigest()[:16]


def free_bytes(folder: Path) -> int:
    """Bytes an ordinary user can still write where `folder` is or will be (f_bavail, not size minus used)."""
    while not folder.exists():
        folder = folder.parent
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def require_free(folder: Path, gigabytes: float, purpose: str) -> None:
    """Raise EnvironmentProblem when less than `gigabytes` are free for `purpose`."""
    free = free_bytes(folder) / 1e9
    if free < gigabytes:
        raise EnvironmentProblem(
            f"{purpose} needs {gigabytes:g} GB free where {folder} lies, and {free:.1f} GB are.",
            "free some space there, or set XDG_CACHE_HOME and XDG_DATA_HOME to a folder on a larger disk.",
        )


def remove_tree(folder: Path) -> None:
    """Delete a folder of ours, read-only directories in it (Go's module cache) included."""
    if not folder.exists():
        return
    for base, folders, _ in os.walk(folder):
        for name in folders:
            entry = Path(base) / name
            if not entry.is_symlink():
                entry.chmod(0o700)
    shutil.rmtree(folder)
