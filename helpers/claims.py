"""Who has a lesson open on an engine: two users of one machine – or two copies of the course – never mix their containers.

A lesson's names are fixed, so that its text can speak of them. Whoever opens it first claims it with a file in a folder that
all users share (sticky, like /tmp: nobody can remove another's), named by engine and lesson.
"""

import json
import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from environment import files, labenv
from helpers.errors import CourseError


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / "containers-course-claims"


def _claim(lesson: str) -> Path:
    return _folder() / f"{lesson}.{files.digest_of(labenv.lab().get('DOCKER_HOST', ''))}"


def _owner(claim: Path) -> tuple[str, Path]:
    """The claiming user's name, and the folder of their open lesson (a damaged claim names none that exists)."""
    uid = claim.stat(follow_symlinks=False).st_uid
    told = files.read_json(claim, {})
    folder = Path(told["folder"]) if isinstance(told, dict) and "folder" in told else Path("/nonexistent")
    try:
        return pwd.getpwuid(uid).pw_name, folder
    except KeyError:
        return str(uid), folder


def _left_over(claim: Path, folder: Path) -> bool:
    """Whether the claim is nobody's any more: ours to judge only where the file is ours."""
    return claim.stat(follow_symlinks=False).st_uid == os.geteuid() and not (folder / "record.json").exists()


def _take(lesson: str, folder: Path) -> None:
    with suppress(FileExistsError):
        _folder().mkdir()
        _folder().chmod(0o1777)
    claim = _claim(lesson)
    if claim.exists() and _left_over(claim, _owner(claim)[1]):
        claim.unlink()
    written = claim.with_name(f".{claim.name}.{os.getpid()}")
    written.write_text(json.dumps({"folder": str(folder)}))
    try:
        claim.hardlink_to(written)  # whole or not at all, and only if there is none
    except FileExistsError:
        user, theirs = _owner(claim)
        if theirs == folder:
            return
        raise CourseError(
            f"{user} has this lesson open on the same Docker Engine (in {theirs}), and its containers have fixed names.",
            "open another lesson, or let them run its last cell (Clean up) first.",
        ) from None
    finally:
        written.unlink()


@contextmanager
def taken(lesson: str, folder: Path) -> Iterator[None]:
    """Claim `lesson` for the open lesson in `folder`; the claim stays unless the block fails.

    Raises CourseError naming the other who has it open.
    """
    _take(lesson, folder)
    try:
        yield
    except BaseException:
        release(lesson, folder)
        raise


def release(lesson: str, folder: Path) -> None:
    """Give the claim back, if it is ours."""
    claim = _claim(lesson)
    with suppress(OSError, ValueError):
        if _owner(claim)[1] == folder:
            claim.unlink()
    with suppress(OSError):
        _folder().rmdir()
