"""Judges one submission in a pod of a Job: makes a lab on the pod's own node, and tells the verdict on standard output.

Run as a program. The pod is the lab's machine; the submission is as far from it as from an instructor's (see `lab`).
"""

import base64
import contextlib
import json
import os
import secrets
import stat
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from environment import files, paths
from environment.errors import EnvironmentProblem
from environment.grading import confined, disks, judge, lab

#: The submission, as a mounted Secret shows it; what the image has of the lesson.
SUBMISSION = Path("/submission/submission")
IMAGES, PACKAGES = Path("/lesson/images.tar"), Path("/lesson/packages")
#: What the line with the verdict begins with; and how large a verdict may be, unpacked (bytes).
MARK, LARGEST = "VERDICT ", judge.LARGEST_ALL * 2
#: Ranges of user ids to choose from: each needs a judge's id of its own, too.
_RANGES = lab.FIRST_ID - judge.FIRST_ID
_LOOP_MAJOR, _LOOPS = 7, 256


def pack(document: Any) -> bytes:
    """JSON, as small as it gets."""
    return zlib.compress(json.dumps(document, sort_keys=True).encode(), 9)


def unpack(packed: bytes) -> Any:
    """The document in `packed`. Raises ValueError where it is none, or larger than any verdict or submission."""
    opened = zlib.decompressobj()
    try:
        text = opened.decompress(packed, LARGEST)
    except zlib.error as error:
        raise ValueError(f"it is not compressed: {error}") from None
    if not opened.eof:
        raise ValueError("it is cut, or too large")
    return json.loads(text)


def tell(told: judge.Judged) -> str:
    """The line that carries a verdict out of the pod."""
    return MARK + base64.b64encode(pack(asdict(told))).decode()


def told_in(log: str) -> judge.Judged:
    """The verdict in a pod's log. Raises EnvironmentProblem where there is none."""
    lines = [line.removeprefix(MARK) for line in log.splitlines() if line.startswith(MARK)]
    try:
        (line,) = lines
        return judge.Judged(**unpack(base64.b64decode(line, validate=True)))
    except (ValueError, TypeError) as error:
        last = log.strip().splitlines()[-1][:300] if log.strip() else "it said nothing"
        raise EnvironmentProblem(f"its pod told no verdict that can be read ({error}): {last}") from None


def _make_room() -> None:
    """cgroup v2: groups with limits are made below a group that holds no process, so this pod's own go one step down.
    (`job/pod.sh` has seen to it that the root is this pod's.)"""
    if not confined.unified():
        return
    inner = confined.BASE / "pod"
    inner.mkdir(exist_ok=True)
    for pid in (confined.BASE / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            (inner / "cgroup.procs").write_text(pid)


def _make_loop_devices() -> None:
    """A container's /dev is as old as the container: loop devices that its machine got later are missing in it."""
    for number in range(_LOOPS):
        device = Path(f"/dev/loop{number}")
        if not device.exists():
            os.mknod(device, 0o600 | stat.S_IFBLK, os.makedev(_LOOP_MAJOR, number))


def _judge(job: dict[str, Any]) -> judge.Judged:
    # Pods of a node share its users: by chance each gets a range of its own.
    limits, slot = lab.Limits(), secrets.randbelow(_RANGES)
    disk = disks.store() / "disk.ext4"
    with IMAGES.open("rb") if IMAGES.exists() else contextlib.nullcontext() as archive:
        disks.make(slot, disk, paths.ROOT, limits, archive)
    held = PACKAGES if PACKAGES.exists() else None
    with lab.Lab(slot, disk, paths.ROOT, limits, held) as where:
        return judge.judge(where, job["cells"], cell_seconds=job["cell_seconds"], seconds=job["seconds"])


def main() -> None:
    """Judge what SUBMISSION holds."""
    try:
        _make_room()
        _make_loop_devices()
        files.require_free(disks.store(), 5.0, "a lab's disk")
        told = _judge(unpack(SUBMISSION.read_bytes()))
    except EnvironmentProblem as error:
        told = judge.Judged(problem=error.what)
    except Exception as error:  # whatever it is: `grade` is told, and judges the submission again
        told = judge.Judged(problem=f"its lab failed in the pod: {type(error).__name__}: {error}")
    print(tell(told), flush=True)


if __name__ == "__main__":
    main()
