"""`start`: from whatever the machine has to JupyterLab on the course, with the slow rest going on in the background."""

import argparse
import os
import signal
import sys
import threading
import time
import webbrowser

from environment import bootstrap, builder, console, files, lifecycle, paths, process, versions
from environment.engine import choice, owned
from environment.errors import EnvironmentProblem
from environment.jupyter import server


def start(args: argparse.Namespace) -> int:
    """Bring the lab up; stay in the foreground, showing progress, until Ctrl-C (not with --detach)."""
    started = time.monotonic()
    if not os.access(paths.ROOT, os.W_OK):
        raise EnvironmentProblem(
            f"you may not write to {paths.ROOT}, where your notebooks go.",
            "clone the course as the user who starts it (or `sudo chown -R $USER` the folder).",
        )
    with files.lock("start"):
        engine = _choose(args)
        packages = bootstrap.missing_packages(engine=bool(engine and choice.is_ours(engine)))
        bootstrap.install_packages(packages, yes=args.yes)
        if engine and choice.is_ours(engine):
            _wake_owned()
        bootstrap.create_environment("lab")
        if engine:
            builder.launch()
        process.run([bootstrap.python(), "-m", "environment.workspace"], cwd=paths.ROOT)
        running = server.start(bootstrap.python(), port=args.port)
        console.record("start until JupyterLab answers", time.monotonic() - started)
    console.say(f"✓ JupyterLab answers ({time.monotonic() - started:.1f} s)\n\n  Open  {running['url']}\n")
    if not args.no_browser and not args.detach and (os.environ.get("DISPLAY") or sys.platform == "darwin"):
        webbrowser.open(running["url"])
    if args.detach:
        console.say("Everything goes on in the background: `python3 -m environment status` tells, `stop` ends it.")
        return 0
    return _watch(running)


def _choose(args: argparse.Namespace) -> dict[str, str] | None:
    """The engine, or None with the reason told: lessons that need none work all the same."""
    try:
        engine = choice.choose(args.engine, yes=args.yes)
    except EnvironmentProblem as error:
        if args.engine != "auto":
            raise
        choice.forget()
        console.say("– no Docker Engine yet: lesson 1-01 works, the others wait for one")
        console.problem(error)
        return None
    console.say(f"✓ Docker Engine: {choice.describe(engine)}")
    return engine


def _wake_owned() -> None:
    """Start our engine at once where its programs are built already: JupyterLab should find it awake."""
    if owned.running() or not (owned.programs() / "docker").exists():
        return
    installed = {program.name for program in owned.install("engine")}
    # After an update, what changed is built first, in the background.
    if installed == {component.name for component in versions.components("engine")}:
        with console.step("start the engine"):
            owned.start()


def _watch(running: dict[str, str]) -> int:
    """Show the background work until it is done, then wait; Ctrl-C stops everything."""
    shown = ""
    # An event, not an exception: raised inside a finaliser, a KeyboardInterrupt would get lost.
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: asked_to_stop.set())
    console.say("Ctrl-C stops the lab. Your work stays, and the next start goes on from here.")
    while server.running():
        now = builder.read()
        line = builder.describe(now) if now else "no engine: nothing is being made"
        if sys.stdout.isatty():
            print(f"\r\033[K{line}", end="", flush=True)
        elif now.get("step", "") != shown:
            shown = now.get("step", "")
            console.say(line)
        if asked_to_stop.wait(1):
            console.say("")
            return lifecycle.stop(None)
    raise EnvironmentProblem("JupyterLab ended.", f"its log is {paths.logs() / 'jupyter.log'}; start again.")
