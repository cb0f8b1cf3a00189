"""Takes submissions as classroom tools hand them out: zips, notebooks, folders – and never more of them than one notebook."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from environment import console
from environment.errors import EnvironmentProblem
from environment.grading import gradebook
from environment.grading.skeleton import LARGEST_NOTEBOOK

_STUDENT = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$")
#: Moodle: "Ada Lovelace_4711_assignsubmission_file"; Canvas: "lovelaceada_123_456_2-03-containers.zip".
_MOODLE = re.compile(r"^(?P<student>.+?)_\d+_assignsubmission_file.*$")
_CANVAS = re.compile(r"^(?P<student>[a-z0-9]+?)(_LATE)?_\d+_\d+_.*$")


def student_of(name: str) -> str:
    """The student that a file or folder of this name belongs to. Raises EnvironmentProblem when no id can be made of it."""
    for pattern in (_MOODLE, _CANVAS):
        found = pattern.match(name)
        if found:
            name = found["student"]
            break
    student = re.sub(r"\s+", "-", name.strip())
    if not _STUDENT.match(student):
        raise EnvironmentProblem(
            f"'{name}' is no usable student id.", "rename it: letters, digits, and . _ @ - (64 characters at most)."
        )
    return student


def _from_zip(path: Path, lesson: str) -> bytes:
    """The lesson's notebook in a zip, by its name alone: nothing is unpacked to disk, so no path in it can lead anywhere."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if one.filename.rsplit("/", 1)[-1] == f"{lesson}.ipynb"]
            members.sort(key=lambda one: one.filename.count("/"))
            if not members:
                raise EnvironmentProblem(f"{path.name} holds no {lesson}.ipynb.")
            with archive.open(members[0]) as handle:
                return handle.read(LARGEST_NOTEBOOK + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError) as error:
        raise EnvironmentProblem(f"{path.name} is no readable zip ({error}).") from None


def _content(path: Path, lesson: str) -> bytes:
    if path.is_symlink():
        raise EnvironmentProblem(f"{path.name} is a link; links are not followed.")
    if path.is_dir():
        inside = sorted(one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
        named = [one for one in inside if one.name == f"{lesson}.ipynb"] or [
            one for one in inside if one.suffix == ".zip"
        ]
        if not named:
            raise EnvironmentProblem(f"{path.name}/ holds no {lesson}.ipynb and no zip.")
        return _content(named[0], lesson)
    if path.suffix == ".zip":
        return _from_zip(path, lesson)
    with path.open("rb") as handle:
        return handle.read(LARGEST_NOTEBOOK + 1)


def _entries(folder: Path) -> Iterator[Path]:
    yield from (one for one in sorted(folder.iterdir()) if one.is_dir() or one.suffix in {".zip", ".ipynb"})


def take(folder: Path, lesson: str) -> list[str]:
    """Copy each student's notebook from `folder` to nbgrader's place for submissions; return what could not be taken.

    An entry is a zip, a notebook or a folder, named after its student.
    """
    if not folder.is_dir():
        raise EnvironmentProblem(f"there is no folder {folder}.", "name the folder with the students' zips or folders.")
    problems, owners = [], dict[str, str]()
    for entry in _entries(folder):
        try:
            student = student_of(entry.stem if entry.is_file() else entry.name)
            if student in owners:
                raise EnvironmentProblem(f"{entry.name} and {owners[student]} are both {student}'s.", "remove one.")
            content = _content(entry, lesson)
        except EnvironmentProblem as error:
            problems.append(str(error))
            continue
        owners[student] = entry.name
        target = gradebook.submitted() / student / lesson / f"{lesson}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)
    console.say(f"✓ {lesson}: {len(owners)} submissions taken from {folder}")
    return problems
