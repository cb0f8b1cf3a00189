"""Disks for labs: a file system of fixed size with the lesson's images in its engine, made once, copied for each submission."""

import json
import os
import subprocess
from pathlib import Path
from typing import IO, Any

from environment import bootstrap, console, files, labenv, paths, process, versions
from environment.errors import EnvironmentProblem
from environment.grading import inside, lab
from environment.images import supply


def store() -> Path:
    """The folder with the disks of labs."""
    made = paths.data() / "labs"
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made


def _make_file_system(disk: Path, base: int, megabytes: int) -> None:
    with disk.open("wb") as handle:
        handle.truncate(megabytes << 20)
    owner = f"root_owner={base}:{base},lazy_itable_init=1"
    process.run(["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", "-E", owner, str(disk)])
    place = disk.with_suffix(".mnt")
    place.mkdir(exist_ok=True)
    process.run(["mount", "-o", "loop", str(disk), str(place)])
    try:
        _lay_out(place, base)
    finally:
        process.run(["umount", str(place)])
        place.rmdir()


def _lay_out(place: Path, base: int) -> None:
    """The folders that a lab expects; the learner's are the learner's."""
    learner = base + inside.LEARNER
    for name in ("opt", "var", "root"):
        (place / name).mkdir()
        os.chown(place / name, base, base)
    state = place / "state" / paths.NAME
    for folder in (
        place / "home",
        state / "lessons",
        state / "docker" / "contexts",
        state / "docker" / "cli-plugins",
        place / "data" / paths.NAME,
    ):
        folder.mkdir(parents=True)
    (place / "data" / paths.NAME / "bin").symlink_to("/lab/tools")
    cache = place / "cache" / paths.NAME
    cache.mkdir(parents=True)
    (cache / "venv").symlink_to(bootstrap.environment_folder("lab").parent)
    for name in ("docker-compose", "docker-buildx"):
        (state / "docker" / "cli-plugins" / name).symlink_to(f"/lab/tools/{name}")
    files.write_json(state / "engine.json", inside.engine_record())
    for owned in ("home", "state", "data", "cache"):
        for path in [place / owned, *(place / owned).rglob("*")]:
            os.chown(path, learner, learner, follow_symlinks=False)


def make(slot: int, disk: Path, tree: Path, limits: lab.Limits, archive: IO[bytes] | None) -> None:
    """Make a disk for labs of the slot: with the images of `archive`, as `docker save` writes it, in its engine."""
    _make_file_system(disk, lab.FIRST_ID + slot * lab.IDS, limits.disk_mb)
    if archive is None:
        return
    with lab.Lab(slot, disk, tree, limits) as where:
        docker = where.command("/lab/tools/docker", "--host", f"unix://{inside.SOCKET}", "load", "--quiet", user=0)
        loaded = subprocess.run(docker, stdin=archive, capture_output=True, text=True)
        if loaded.returncode:
            raise EnvironmentProblem(f"the lesson's images could not be put into a lab: {loaded.stderr.strip()[-300:]}")
        process.end(where.engine, patience=10)


def _make_with(references: list[str], slot: int, disk: Path, tree: Path, limits: lab.Limits) -> None:
    if not references:
        make(slot, disk, tree, limits, None)
        return
    with subprocess.Popen(["docker", "save", *references], env=labenv.lab(), stdout=subprocess.PIPE) as saved:
        make(slot, disk, tree, limits, saved.stdout)
    if saved.returncode:
        raise EnvironmentProblem(f"the engine could not hand out {', '.join(references)}.")


def golden(slot: int, lesson: str, course: dict[str, Any], tree: Path, limits: lab.Limits) -> Path:
    """The disk that every lab of the slot begins a lesson with; made where it is missing, or its images changed."""
    references = [supply.ensure(name) for name in course["images"]]
    ids = [str((supply.inspect(reference) or {}).get("Id")) for reference in references]
    key = files.digest_of(
        json.dumps([references, ids, limits.disk_mb]), json.dumps(versions.table()), Path(__file__).read_bytes()
    )
    disk = store() / f"golden-{slot}-{lesson}-{key}.ext4"
    if not disk.exists():
        for old in store().glob(f"golden-{slot}-{lesson}-*"):
            old.unlink()
        with console.step(f"lab {slot}: a disk for {lesson}"):
            draft = disk.with_suffix(".draft")
            _make_with(references, slot, draft, tree, limits)
            draft.rename(disk)
    return disk


def fresh(slot: int, golden_disk: Path) -> Path:
    """A copy of a golden disk for one submission."""
    disk = store() / f"slot-{slot}.ext4"
    disk.unlink(missing_ok=True)
    process.run(["cp", "--sparse=always", "--reflink=auto", str(golden_disk), str(disk)])
    return disk
