"""What the command line prints: one ✓ or ✗ line a step, a bar for long ones; every step's cost goes to build/timings.json."""

import fcntl
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from environment import paths
from environment.errors import EnvironmentProblem


def say(text: str = "") -> None:
    """Print a line at once (CI reads our output through a pipe)."""
    print(text, flush=True)


def problem(error: EnvironmentProblem) -> None:
    """Print an error a person has to act on."""
    say(f"✗ {error.what}")
    if error.remedy:
        say(f"  What to do: {error.remedy}")


def confirm(question: str, *, yes: bool) -> bool:
    """Ask, with no as the default; `--yes`, CI and dev containers answer yes."""
    if yes or os.environ.get("CI") or os.environ.get("COURSE_DEV_CONTAINER"):
        return True
    if not sys.stdin.isatty():
        return False
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def bar(done: int, total: int, width: int = 24) -> str:
    """A text progress bar: `━━━━────  3 of 9`."""
    full = round(width * done / max(total, 1))
    return f"{'━' * full}{'─' * (width - full)} {done} of {total}"


def _cpu_seconds() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def record(step: str, seconds: float, cpu_seconds: float = 0.0, bytes_made: int = 0) -> None:
    """Add one measurement to build/timings.json, so that "slow" has an address. A course that is read-only keeps none."""
    if not os.access(paths.ROOT, os.W_OK):
        return
    paths.BUILD.mkdir(exist_ok=True)
    entry = {
        "step": step,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "bytes": bytes_made,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    with (paths.BUILD / "timings.json").open("a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        handle.seek(0)
        try:
            known = json.loads(handle.read() or "[]")
        except ValueError:
            known = []
        handle.truncate(0)
        json.dump([*known[-499:], entry], handle, indent=0)


class Step:
    """What a running step can tell: `bytes_made` for the timings, `note` for its ✓ line."""

    bytes_made = 0
    note = ""


@contextmanager
def step(label: str) -> Iterator[Step]:
    """Print `✓ label (1.2 s)` when the block ends well, `✗ label` when it raises; record its cost either way."""
    started, cpu = time.monotonic(), _cpu_seconds()
    told = Step()
    try:
        yield told
    except BaseException:
        say(f"✗ {label}")
        raise
    finally:
        elapsed = time.monotonic() - started
        record(label, elapsed, _cpu_seconds() - cpu, told.bytes_made)
    say(f"✓ {label}{': ' + told.note if told.note else ''} ({elapsed:.1f} s)")
