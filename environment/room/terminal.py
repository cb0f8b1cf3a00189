"""What a terminal of JupyterLab starts with: the lab's environment and, beside an open lesson, its names and ports.

Bash reads the output; `environment.jupyter.server` writes the start-up file that asks for it.
"""

import os
import shlex
import sys
from pathlib import Path

from environment import labenv, paths

#: Bash's own, and what it must not be told.
_LEFT = ("PS1", "PWD", "OLDPWD", "SHLVL", "_", "COURSE_PROGRESS")


def commands(folder: Path) -> list[str]:
    """Bash commands for a terminal that was opened in this folder of the workspace."""
    before = dict(os.environ)
    os.environ.update(labenv.lab())
    from helpers import lessons  # it reads where the lab is

    name, lines = folder.name, []
    lesson = lessons.present(name)
    if lesson:
        lesson.export()
        words = f"lesson {name}: kubectl, docker and its variables lead where its cells do; this is its folder."
        lines = [f"cd {shlex.quote(str(lesson.work))}", f"echo {shlex.quote(words)}"]
    elif (paths.SOURCES / name).is_dir():
        lines = [f"echo {shlex.quote(f'lesson {name} is not open: run its first cell, then open a new terminal.')}"]
    changed = {key: value for key, value in os.environ.items() if before.get(key) != value and key not in _LEFT}
    return [f"export {key}={shlex.quote(value)}" for key, value in changed.items()] + lines


if __name__ == "__main__":
    print("\n".join(commands(Path(sys.argv[1]))))
