"""What learners get: every lesson without its solutions, in nbgrader's release and as one zip that `start` works from."""

import json
import shutil
import zipfile
from pathlib import Path

from environment import console, paths, workspace
from environment.errors import EnvironmentProblem
from environment.grading import gradebook, proofs

#: Of the repository, what a learner needs. Tests, proofs and the instructor's sources stay here.
PARTS = ("README.md", "LICENSE", "pyproject.toml", ".devcontainer", "docs", "environment", "helpers")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints")


def tree() -> Path:
    """Make `build/course` anew: the course as learners get it; return the folder. Labs see nothing else of the course."""
    target = paths.BUILD / "course"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in PARTS:
        part = paths.ROOT / name
        if part.is_dir():
            shutil.copytree(part, target / name, ignore=_LEFT_OUT)
        elif part.exists():
            shutil.copyfile(part, target / name)
    for source in workspace.sources():
        folder = target / "notebooks" / source.parent.name
        folder.mkdir(parents=True)
        for path in workspace.files_of(source):
            shutil.copyfile(workspace.released(path) if path.suffix == ".ipynb" else path, folder / path.name)
    return target


def _zip(folder: Path) -> Path:
    made = paths.BUILD / "course.zip"
    draft = made.with_suffix(".draft")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, Path("course") / path.relative_to(folder))
    draft.rename(made)
    return made


def submit(lesson: str) -> int:
    """`submit`: put the learner's notebook of a lesson into one zip, in the layout that `grade` and nbgrader take."""
    notebook = paths.WORKSPACE / lesson / f"{lesson}.ipynb"
    if not notebook.exists():
        mine = ", ".join(sorted(path.parent.name for path in paths.WORKSPACE.glob("*/*.ipynb"))) or "none yet"
        raise EnvironmentProblem(f"there is no workspace/{lesson}/{lesson}.ipynb.", f"lessons that you have: {mine}")
    try:
        json.loads(notebook.read_text())
    except ValueError:
        raise EnvironmentProblem(
            f"{notebook} is damaged: it is no notebook.", "save it in JupyterLab, then try again."
        ) from None
    made = paths.WORKSPACE / f"{lesson}.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(notebook, f"{lesson}/{lesson}.ipynb")
    console.say(f"✓ {made} is what you hand in.")
    return 0


def main(names: list[str]) -> int:
    """`release`: always fresh."""
    lessons = proofs.named(names)
    with console.step("the course for learners"):
        made = _zip(tree())
    for lesson in lessons:
        with console.step(f"release {lesson}"):
            gradebook.release(lesson)
    console.say(f"✓ {made}: unpack it, then `python3 -m environment start`")
    console.say(f"✓ {paths.BUILD / 'release'}: nbgrader's release, for `nbgrader release_assignment LESSON`")
    return 0
