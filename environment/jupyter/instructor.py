"""The instructor's JupyterLab: nbgrader's formgrader and panels, on the course's own folder, until Ctrl-C."""

import os
import secrets
import sys
from typing import NoReturn

from environment import console, files, paths
from environment.jupyter import server


def main(port: int) -> NoReturn:
    """Serve it, and say where; this process becomes the server. Raises EnvironmentProblem when the port is taken."""
    folder = paths.state() / "instructor"
    number, token = server.free_port(port), secrets.token_urlsafe(24)
    server.write_settings(folder)
    files.write_json(folder / "jupyter_server_config.json", server.configuration(token, number, paths.ROOT))
    base = f"http://127.0.0.1:{number}"
    console.say(
        f"  Formgrader  {base}/formgrader?token={token}\n  JupyterLab  {base}/lab?token={token}\nCtrl-C ends it."
    )
    command = [sys.executable, "-m", "jupyterlab", "--config", str(folder / "jupyter_server_config.json")]
    sys.stdout.flush()
    os.chdir(paths.ROOT)
    # In this process's place: what ends it ends the server.
    os.execve(sys.executable, [*command, "--log-level=WARN"], server.variables(folder))  # noqa: S606
