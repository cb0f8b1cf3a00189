"""The learner's copies in `workspace/`: made from the sources with solutions cleared, renewed while unchanged, kept when
the learner has worked in them."""

import json
import shutil
import sys
import time
from pathlib import Path

from environment import console, files, paths
from environment.errors import EnvironmentProblem
from environment.notebooks import STUB


def released(source: Path) -> Path:
    """The cached student version of a lesson's notebook; made with nbgrader's own preprocessors where it is missing."""
    text = source.read_bytes()
    target = paths.cache() / "released" / f"{source.stem}-{files.digest_of(text, Path(__file__).read_bytes())}.ipynb"
    if not target.exists():
        files.write_atomically(target, _clear(source), mode=0o644)
    return target


def _clear(source: Path) -> str:
    # Imported late: nbgrader takes seconds to load, and a warm start does not need it.
    import nbformat
    from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells
    from traitlets.config import Config

    config = Config({"ClearSolutions": {"code_stub": {"python": STUB}}})
    notebook = nbformat.read(source, as_version=4)
    resources: dict[str, object] = {}
    for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):
        notebook, resources = step(config=config).preprocess(notebook, resources)
    return str(nbformat.writes(notebook)) + "\n"


def files_of(source: Path) -> list[Path]:
    """The files a release takes: the notebook, and only what its metadata lists."""
    listed = json.loads(source.read_text())["metadata"]["course"].get("files", [])
    return [source, *(source.parent / name for name in listed)]


def _record() -> Path:
    return paths.WORKSPACE / ".released.json"


def progress() -> Path:
    """Where the learner's marks are kept: `helpers.marks` writes them, the start page reads them."""
    return paths.WORKSPACE / ".progress.json"


def sources() -> list[Path]:
    """The lessons' source notebooks, in order."""
    return sorted(paths.SOURCES.glob("*/*.ipynb"))


def refresh() -> list[str]:
    """Write the learner's copies; return the lessons that changed upstream and by the learner (theirs were kept)."""
    written = files.read_json(_record(), {})
    kept = []
    paths.WORKSPACE.mkdir(exist_ok=True)
    for source in sources():
        for path in files_of(source):
            place = f"{source.parent.name}/{path.name}"
            target = paths.WORKSPACE / place
            new = released(path) if path.suffix == ".ipynb" else path
            digest = files.sha256(new)
            untouched = not target.exists() or files.sha256(target) in {written.get(place), digest}
            if not untouched:
                if written.get(place) != digest:
                    kept.append(source.parent.name)
                continue
            if not target.exists() or files.sha256(target) != digest:
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(new, target)
            written[place] = digest
    files.write_json(_record(), written)
    files.write_json(paths.state() / "outdated.json", kept)
    return kept


def remove() -> list[str]:
    """Remove unchanged copies; return the places of what the learner changed or made, which stays – with the marks, then."""
    for place, digest in files.read_json(_record(), {}).items():
        target = paths.WORKSPACE / place
        if target.exists() and files.sha256(target) == digest:
            target.unlink()
    for folder in [*paths.WORKSPACE.glob("*/.ipynb_checkpoints"), *paths.WORKSPACE.glob(".ipynb_checkpoints")]:
        shutil.rmtree(folder)
    ours = {_record(), progress()}
    kept = [path for path in sorted(paths.WORKSPACE.rglob("*")) if path.is_file() and path not in ours]
    if not kept:
        shutil.rmtree(paths.WORKSPACE, ignore_errors=True)
    for folder in paths.WORKSPACE.glob("*"):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return [str(path.relative_to(paths.WORKSPACE)) for path in kept]


def reset(lesson: str) -> int:
    """Give a lesson its first state back: containers and files gone, cells as released; the learner's file is backed up."""
    source = paths.SOURCES / lesson / f"{lesson}.ipynb"
    if not source.exists():
        names = ", ".join(path.parent.name for path in sources())
        raise EnvironmentProblem(f"there is no lesson '{lesson}'.", f"one of: {names}")
    from helpers import lessons

    if (paths.state() / "lessons" / lesson).is_dir():
        lessons.open(lesson).clean()
    target = paths.WORKSPACE / lesson / source.name
    if target.exists():
        backup = target.with_name(f"{target.stem}.{time.strftime('%Y%m%d-%H%M%S')}.backup.ipynb")
        target.rename(backup)
        console.say(f"✓ your notebook is kept as workspace/{lesson}/{backup.name}")
    refresh()
    console.say(f"✓ {lesson} is as new. If it is open in JupyterLab: File → Reload Notebook from Disk.")
    return 0


if __name__ == "__main__":
    if "--remove" in sys.argv:
        print("\n".join(remove()))
    else:
        refresh()
