"""`stop`, `status`, `clean` and `shell`."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from environment import bootstrap, builder, console, files, labenv, paths
from environment.cluster import kind
from environment.engine import choice, owned
from environment.errors import EnvironmentProblem
from environment.grading import lab
from environment.images import supply
from environment.jupyter import server


def stop(_: object = None) -> int:
    """Stop JupyterLab, the background builder and our engine; put the host back. Work, images and tools stay."""
    if server.stop():
        console.say("✓ JupyterLab stopped")
    if builder.working():
        builder.stop()
        console.say("✓ background work stopped; finished parts are kept")
    lab.end_leftovers()
    record = choice.current()
    if (record and choice.is_ours(record)) or owned.running():
        with console.step("stop the engine and put firewall, links and sysctls back"):
            owned.stop()
    supply.forget_source()
    files.remove_tree(paths.building())
    return 0


def status(_: object) -> int:
    """Say what runs, what is still being made and where to go on. Exit status 0 when the lab is usable."""
    record = choice.current()
    jupyter = server.running()
    console.say(f"JupyterLab  {jupyter['url'] if jupyter else 'not running: python3 -m environment start'}")
    answers = choice.reachable(record)
    console.say(f"Engine      {choice.describe(record)}{'' if answers else ' – not answering'}")
    now = builder.read()
    if builder.working() or now.get("error"):
        console.say(f"Background  {builder.describe(now)}")
    changed = files.read_json(paths.state() / "outdated.json", [])
    for name in changed:
        console.say(
            f"Changed     {name}: your copy differs from a newer version of the lesson; it was kept. "
            f"`python3 -m environment reset {name}` takes the new one (yours stays as a backup)."
        )
    free = files.free_bytes(paths.data()) / 1e9
    console.say(
        f"Disk        {free:.0f} GB free; cache {_size(paths.cache()):.1f} GB, engine {_size(paths.data()):.1f} GB"
    )
    return 0 if jupyter else 3


def _size(folder: Path) -> float:
    """Gigabytes below `folder`, mounts not followed."""
    if not folder.exists():
        return 0.0
    done = subprocess.run(["du", "-sxk", str(folder)], capture_output=True, text=True)
    return int((done.stdout or "0").split()[0]) / 1e6


def clean(args: Any) -> int:
    """Remove everything of ours. Notebooks the learner changed stay in workspace/."""
    record = choice.current()
    if not console.confirm(
        "Remove the lab (engine, images, containers, tools)? Changed notebooks are kept.", yes=args.yes
    ):
        raise EnvironmentProblem("nothing was removed.", "answer y, or add --yes.")
    if bootstrap.ready() and record and choice.reachable(record):
        with console.step("remove what the lessons made"):
            _clean_lessons()
            kind.clean()
    stop()
    kept = _clean_workspace() if bootstrap.ready() else []
    for folder in [paths.data(), paths.state(), *([] if args.keep_cache else [paths.cache()])]:
        files.remove_tree(folder)
        _remove_empty(folder.parent)
    console.say("✓ removed" + (", the built tools were kept" if args.keep_cache else ""))
    for name in kept:
        console.say(f"  kept: workspace/{name} (you changed it)")
    return 0


def _remove_empty(folder: Path) -> None:
    """Remove an XDG folder, and `.local` above it, where we were its only user."""
    for place in (folder, folder.parent):
        if place.is_relative_to(Path.home()) and place != Path.home():
            with contextlib.suppress(OSError):
                place.rmdir()


def _clean_lessons() -> None:
    python = bootstrap.python()
    done = subprocess.run(
        [python, "-m", "helpers.lessons"], cwd=paths.ROOT, env=labenv.lab(), capture_output=True, text=True
    )
    if done.returncode:
        raise EnvironmentProblem(f"the lessons' containers could not be removed: {done.stderr.strip()[-300:]}")


def _clean_workspace() -> list[str]:
    done = subprocess.run(
        [bootstrap.python(), "-m", "environment.workspace", "--remove"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def shell(words: list[str]) -> int:
    """Run `words`, or the user's shell, with the lab's environment; return its exit status."""
    command = [word for word in words if word != "--"] or [os.environ.get("SHELL", "/bin/bash")]
    sys.stdout.flush()
    try:
        return subprocess.run(command, env=labenv.lab()).returncode
    except FileNotFoundError:
        raise EnvironmentProblem(f"the program '{command[0]}' was not found.") from None
