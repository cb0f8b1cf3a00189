"""Running programs: to the end with a clear error, or detached in a session of their own."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from environment.errors import EnvironmentProblem

#: What pip, Go and apt say when there is no network, or a proxy that they were not told of.
_OFFLINE = re.compile(
    r"Temporary failure in name resolution|Failed to establish a new connection|Network is unreachable"
    r"|dial tcp: lookup |dial tcp \S+: connect: |Could not resolve|Temporary failure resolving"
)


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    stdin: str | None = None,
    remedy: str = "",
) -> str:
    """Run `command` to its end and return its stdout. With `log`, all output is appended there instead.

    Raises EnvironmentProblem with the last lines of output when it fails or does not exist.
    """
    words = [str(word) for word in command]
    try:
        if log:
            with log.open("a") as handle:
                start = handle.tell()
                done = subprocess.run(
                    words, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=handle, stderr=handle, text=True
                )
            output = log.read_bytes()[start:].decode(errors="replace")
        else:
            done = subprocess.run(words, env=env, cwd=cwd, input=stdin or "", capture_output=True, text=True)
            output = done.stdout + done.stderr
    except FileNotFoundError:
        raise EnvironmentProblem(f"the program '{words[0]}' was not found.", remedy) from None
    if done.returncode:
        tail = "\n    ".join(output.strip().splitlines()[-6:])
        where = f"the whole output is in {log}. " if log else ""
        if log and _OFFLINE.search(output):
            raise EnvironmentProblem(
                f"the network does not answer: `{Path(words[0]).name} …` needs a package registry and reached none.",
                f"{remedy} Then run the same command again: what is finished is kept. {where.capitalize()}".strip(),
            )
        raise EnvironmentProblem(
            f"`{' '.join(words[:4])} …` ended with status {done.returncode}:\n    {tail}", where + remedy
        )
    return "" if log else str(done.stdout)


def spawn(command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Start `command` in its own session with output to `log` and nothing inherited; return its process id."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as handle:
        process = subprocess.Popen(
            [str(word) for word in command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            start_new_session=True,
            close_fds=True,
        )
    # Never waited for by us: forget it, so that Python does not warn when the object goes.
    process.returncode = 0
    return process.pid


def started_at(pid: int) -> str | None:
    """The process's start time in clock ticks, None when it is gone or a zombie. With the id, it names a process for good."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def identity(pid: int) -> dict[str, int | str | None]:
    """What to write down about a process, so that `alive` cannot mistake another one for it later."""
    return {"pid": pid, "started": started_at(pid)}


def alive(who: object) -> bool:
    """Whether the process written down by `identity` still runs."""
    if not isinstance(who, dict) or not isinstance(who.get("pid"), int) or not who.get("started"):
        return False
    return bool(started_at(who["pid"]) == who["started"])


def end(who: object, *, patience: float = 10.0, group: bool = False) -> bool:
    """End the process written down by `identity`: SIGTERM, `patience` seconds, then SIGKILL. False if it was gone.

    With `group`, its whole process group goes (it was started by `spawn`, as its own session's leader).
    """
    if not alive(who) or not isinstance(who, dict):
        return False
    pid = int(who["pid"])
    send = os.killpg if group else os.kill
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            send(pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if not alive(who):
                return True
            time.sleep(0.05)
    return True


def kill_marked(variable: str) -> None:
    """Kill every process that was started with `variable` (`NAME=value`) in its environment."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if variable.encode() in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)


def remove_cgroup(folder: Path, *, seconds: float = 5.0) -> None:
    """Kill what is in the cgroup and below, then remove its folders.

    The kernel refuses as long as a killed process is on its way out, so it is tried for up to `seconds`.
    """
    deadline = time.monotonic() + seconds
    while folder.is_dir():
        for listed in folder.rglob("cgroup.procs"):
            for pid in listed.read_text().split():
                with contextlib.suppress(OSError):
                    os.kill(int(pid), signal.SIGKILL)
        folders = [path for path in folder.rglob("*") if path.is_dir()]
        for child in [*sorted(folders, key=lambda path: len(path.parts), reverse=True), folder]:
            with contextlib.suppress(OSError):
                child.rmdir()
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)
