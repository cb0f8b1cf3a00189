"""Starts and stops the learner's JupyterLab: loopback only, with a token, on `workspace/`."""

import json
import secrets
import shlex
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from environment import files, labenv, paths, process, workspace
from environment.errors import EnvironmentProblem

START_SECONDS = 60.0
#: Plugins of nbgrader's extension that learners have no use for.
_INSTRUCTORS = ("assignment-list", "course-list", "create-assignment", "formgrader", "menu")
_SERVED = {
    "environment.room": True,
    # The course answers in its place, without running the lesson a second time.
    "nbgrader.server_extensions.validate_assignment": False,
    **{f"nbgrader.server_extensions.{name}": False for name in ("assignment_list", "course_list", "formgrader")},
}
#: What bash reads in JupyterLab's terminals: the user's own settings, then the lab's, which have to win.
_STARTUP = '[ -f ~/.bashrc ] && . ~/.bashrc\neval "$({python} -m environment.room.terminal "$PWD")"\n'
_EXTENSIONS = Path(__file__).resolve().parents[1] / "room" / "labextensions"


def _record() -> Path:
    return paths.state() / "jupyter.json"


def running() -> dict[str, str] | None:
    """Where JupyterLab answers (`url`, `base`, `token`), or None."""
    known = files.read_json(_record())
    if not known or not process.alive(known["process"]):
        return None
    return {"url": known["url"], "base": known["base"], "token": known["token"]}


def free_port(wanted: int) -> int:
    """`wanted` if it is free, any free one for 0. Raises EnvironmentProblem when the wanted one is taken."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            raise EnvironmentProblem(
                f"port {wanted} is taken by another program.", "leave --port away: a free one is found."
            ) from None
        return int(probe.getsockname()[1])


def write_settings(folder: Path) -> None:
    """JupyterLab's settings as the course wants them, in a configuration folder of ours; the user's is not read."""
    settings = folder / "lab" / "user-settings" / "@jupyterlab"
    files.write_json(
        settings / "apputils-extension" / "notification.jupyterlab-settings",
        {"fetchNews": "false", "checkForUpdates": False},
    )
    # Dark where the user's system is.
    files.write_json(settings / "apputils-extension" / "themes.jupyterlab-settings", {"adaptive-theme": True})
    # All cells are rendered: the browser's own search finds everything, and outputs do not jump while scrolling.
    files.write_json(settings / "notebook-extension" / "tracker.jupyterlab-settings", {"windowingMode": "none"})


def configuration(token: str, port: int, root: Path, **more: Any) -> dict[str, Any]:
    """A server that only this machine reaches, with this token, on the folder `root`; `more` goes to ServerApp."""
    app = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "open_browser": False,
        "allow_root": True,
        "root_dir": str(root),
        "allow_remote_access": False,
    }
    # Unix sockets in our own folder: over TCP, other users of the machine could read along.
    kernels = {"transport": "ipc"}
    return {"ServerApp": app | more, "IdentityProvider": {"token": token}, "KernelManager": kernels}


def variables(folder: Path) -> dict[str, str]:
    """The environment of a JupyterLab that has its configuration in `folder`."""
    return labenv.lab() | {
        "JUPYTER_CONFIG_DIR": str(folder),
        "JUPYTER_PLATFORM_DIRS": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "lab" / "user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "lab" / "workspaces"),
    }


def _configure(folder: Path, python: Path, token: str, port: int) -> None:
    write_settings(folder)
    # Of nbgrader, the Validate button is the learner's; its other panels are the instructor's.
    disabled = {f"@jupyter/nbgrader:{name}": True for name in _INSTRUCTORS}
    # No lesson uses it, and it tells the browser's console of an error whenever a kernel is restarted.
    disabled["@jupyterlab/debugger-extension"] = True
    files.write_json(folder / "labconfig" / "page_config.json", {"disabledExtensions": disabled})
    startup = folder / "terminal.bashrc"
    startup.write_text(_STARTUP.format(python=shlex.quote(str(python))))
    shell = {"shell_command": ["/bin/bash", "--rcfile", str(startup)]}
    told = configuration(token, port, paths.WORKSPACE, jpserver_extensions=_SERVED, terminado_settings=shell)
    told["LabApp"] = {"extra_labextensions_path": [str(_EXTENSIONS)]}
    files.write_json(folder / "jupyter_server_config.json", told)


def start(python: Path, *, port: int = 0) -> dict[str, str]:
    """Start JupyterLab with the environment's `python`, or find the one that runs; return where it answers.

    Raises EnvironmentProblem when it does not answer within 60 s.
    """
    known = running()
    if known:
        return known
    number, token = free_port(port), secrets.token_urlsafe(24)
    folder = paths.state() / "jupyter"
    _configure(folder, python, token, number)
    environment = variables(folder)
    environment |= {
        # Kernels write there what checks gave; the start page reads it.
        "COURSE_PROGRESS": str(workspace.progress()),
        "PATH": f"{python.parent}:{environment['PATH']}",
    }
    log = paths.logs() / "jupyter.log"
    paths.WORKSPACE.mkdir(exist_ok=True)
    command: list[str | Path] = [python, "-m", "jupyterlab", "--config", folder / "jupyter_server_config.json"]
    who = process.identity(process.spawn(command, log=log, env=environment, cwd=paths.WORKSPACE))
    base = f"http://127.0.0.1:{number}"
    found = {"process": who, "base": base, "token": token, "url": f"{base}/lab?token={token}"}
    files.write_json(_record(), found)
    _await_answer(who, base, token, log)
    return {"url": str(found["url"]), "base": base, "token": token}


def _await_answer(who: dict[str, Any], base: str, token: str, log: Path) -> None:
    request = urllib.request.Request(f"{base}/api/status", headers={"Authorization": f"token {token}"})  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.alive(who):
        try:
            with opener.open(request, timeout=2) as answer:
                json.load(answer)
            return
        except (OSError, urllib.error.URLError, ValueError):
            time.sleep(0.05)
    process.end(who)
    tail = "\n    ".join(log.read_text(errors="replace").splitlines()[-5:])
    raise EnvironmentProblem(f"JupyterLab did not start:\n    {tail}", f"the whole log is {log}.")


def stop() -> bool:
    """Stop JupyterLab and its kernels; False when it was not running."""
    known = files.read_json(_record())
    stopped = bool(known) and process.end(known["process"], patience=8)
    _record().unlink(missing_ok=True)
    return stopped
