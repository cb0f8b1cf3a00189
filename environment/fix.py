"""`fix`: puts everything into its enforced form – ruff's style, notebooks' normal form, the committed pictures, the README's table."""

import subprocess
import sys
from pathlib import Path

from environment import console, paths
from environment.errors import EnvironmentProblem


def _ruff(*, check: bool) -> bool:
    """Style and imports; True when something was (or would be) changed or can't be fixed."""
    ruff = [sys.executable, "-m", "ruff"]
    style = subprocess.run([*ruff, "check", "--quiet", *([] if check else ["--fix"]), "."], cwd=paths.ROOT)
    layout = subprocess.run([*ruff, "format", "--quiet", *(["--check"] if check else []), "."], cwd=paths.ROOT)
    return style.returncode != 0 or layout.returncode != 0


def _notebooks(*, check: bool) -> list[str]:
    from environment.grading import proofs
    from environment.notebooks import normalise

    changed = []
    for lesson in proofs.lessons():
        path = proofs.notebook(lesson)
        text = path.read_text()
        wanted = normalise(text)
        if wanted != text:
            changed.append(str(path.relative_to(paths.ROOT)))
            if not check:
                path.write_text(wanted)
    return changed


def _pictures(*, check: bool) -> list[str]:
    from environment.pictures import PICTURES, svg

    changed = []
    for place in PICTURES:
        path: Path = paths.ROOT / place
        wanted = svg(place)
        if not path.exists() or path.read_text() != wanted:
            changed.append(place)
            if not check:
                path.write_text(wanted)
    return changed


def _readme(*, check: bool) -> list[str]:
    from environment import readme

    wanted = readme.derived()
    if wanted == readme.path().read_text():
        return []
    if not check:
        readme.path().write_text(wanted)
    return [readme.path().name]


def main(*, check: bool) -> int:
    """Fix (or with `check` only look). Raises EnvironmentProblem naming what is not in its form."""
    console.say("ruff, notebooks, pictures, README:")
    style = _ruff(check=check)
    changed = _notebooks(check=check) + _pictures(check=check) + _readme(check=check)
    for name in changed:
        console.say(f"  {'not in normal form' if check else 'fixed'}: {name}")
    if style or (check and changed):
        raise EnvironmentProblem("not everything is in its enforced form.", "python3 -m environment fix")
    console.say("✓ everything is in its enforced form")
    return 0
