"""Which engine the lab uses: ours if it runs, else the user's own if one answers, else one that we start."""

import json
import os
from pathlib import Path
from typing import Any

from environment import console, files, paths, versions
from environment.engine import api, owned
from environment.errors import EnvironmentProblem


def _record() -> Path:
    return paths.state() / "engine.json"


def current() -> dict[str, Any] | None:
    """The engine in use – kind (`owned` or `shared`), host, version – or None before one was chosen."""
    found = files.read_json(_record())
    return found if isinstance(found, dict) else None


def _context_host() -> str | None:
    """The endpoint of the user's current Docker context, read from their own CLI configuration (never written)."""
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    name = os.environ.get("DOCKER_CONTEXT") or files.read_json(folder / "config.json", {}).get("currentContext")
    if not name or name == "default":
        return None
    for meta in (folder / "contexts" / "meta").glob("*/meta.json"):
        context = files.read_json(meta, {})
        if context.get("Name") == name:
            return str(context["Endpoints"]["docker"]["Host"])
    return None


def candidates() -> list[str]:
    """Where a Docker Engine of the user's may answer, the most explicit choice first."""
    home, run = Path.home(), os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.geteuid()}")
    sockets = [
        "/var/run/docker.sock",
        f"{run}/docker.sock",
        str(home / ".docker/run/docker.sock"),
        str(home / ".docker/desktop/docker.sock"),
        str(home / ".colima/default/docker.sock"),
    ]
    explicit = [os.environ.get("DOCKER_HOST"), _context_host()]
    hosts = [host for host in explicit if host] + [f"unix://{path}" for path in sockets]
    return [host for host in hosts if host.startswith(("unix://", "tcp://")) and host != owned.url()]


def find_shared() -> dict[str, Any] | None:
    """The first engine of the user's that answers and is recent enough.

    Raises EnvironmentProblem when the only ones that answer are too old.
    """
    minimum = versions.table()["engine"]["minimum"]
    too_old = ""
    for host in candidates():
        version = api.version(host)
        if not version:
            continue
        number = str(version.get("Version", "0"))
        if int(number.split(".")[0]) >= int(minimum.split(".")[0]):
            return {"kind": "shared", "host": host, "version": number}
        too_old = f"the Docker Engine at {host} is {number}; the course needs {minimum} or newer."
    if too_old:
        raise EnvironmentProblem(too_old, "update Docker: https://docs.docker.com/engine/install/")
    return None


def choose(wanted: str, *, yes: bool) -> dict[str, Any]:
    """Decide and write down which engine the lab uses. `wanted` is `auto`, `owned` or `shared`.

    A shared engine is used only after the user agreed once. Raises EnvironmentProblem when none can be used.
    """
    known = current()
    if owned.running() and wanted != "shared":
        return _remember("owned", owned.url())
    if wanted != "owned":
        found = find_shared()
        agreed = known is not None and found is not None and known.get("host") == found["host"]
        question = f"Use your Docker Engine {found['version']} at {found['host']}?" if found else ""
        if found and (agreed or wanted == "shared" or console.confirm(question, yes=yes)):
            # In a dev container the engine was made for the course: prune and swarm are allowed there.
            kind = "owned" if os.environ.get("COURSE_DEV_CONTAINER") else "shared"
            return _remember(kind, found["host"], found["version"])
        if found:
            raise EnvironmentProblem(
                f"a Docker Engine answers at {found['host']}, and it was not agreed to use it.",
                "start again with `--engine shared` to use it: the course touches only what it creates there.",
            )
        if wanted == "shared":
            raise EnvironmentProblem(
                "no Docker Engine of yours answers.", "start Docker, or set DOCKER_HOST to its socket."
            )
    owned.check_possible()
    return _remember("owned", owned.url(), next(c.version for c in versions.components() if c.name == "dockerd"))


def _remember(kind: str, host: str, version: str = "") -> dict[str, Any]:
    if not version:
        answer = api.version(host) or {}
        version = str(answer.get("Version", ""))
    record = {"kind": kind, "host": host, "version": version}
    if record != current():
        files.write_json(_record(), record)
    return record


def is_ours(record: dict[str, Any]) -> bool:
    """Whether the course starts and stops this engine itself (a dev container's is ours to use, not to start)."""
    return bool(record["host"] == owned.url())


def reachable(record: dict[str, Any] | None) -> bool:
    """Whether the chosen engine answers now."""
    return record is not None and api.version(record["host"]) is not None


def forget() -> None:
    """Drop the choice; the next start asks again."""
    _record().unlink(missing_ok=True)


def describe(record: dict[str, Any] | None) -> str:
    """One line for people."""
    if not record:
        return "not chosen yet"
    return f"{record['kind']}, Docker {record['version']}, {json.dumps(record['host'])[1:-1]}"
