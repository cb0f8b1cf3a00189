"""Helm: install, upgrade, roll back and look at releases in the lesson's namespace, with the real `helm`."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from environment import labenv
from helpers.connection import kubeconfig
from helpers.errors import CourseError, NotFound

#: How long a release may take to become ready, in seconds.
_SECONDS = 120


@dataclass(frozen=True)
class Revision:
    """One state of a release: its number, what became of it, the chart, and Helm's own words."""

    number: int
    status: str
    chart: str
    description: str


def _helm(*words: str, seconds: float = _SECONDS + 10) -> str:
    """Run helm in the lesson's namespace. Raises NotFound for a release that is not there, CourseError with helm's message."""
    environment = labenv.lab() | {"KUBECONFIG": kubeconfig()}
    try:
        done = subprocess.run(["helm", *words], env=environment, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise CourseError(f"`helm {words[0]}` was not done after {seconds:.0f} s.", "`kubectl get pods`") from None
    if done.returncode == 0:
        return done.stdout
    message = done.stderr.strip().removeprefix("Error: ")[-600:]
    if "not found" in message and "release" in message:
        raise NotFound(f"there is no such release ({message}).", "`helm list`")
    raise CourseError(f"`helm {words[0]}` says: {message}", "`helm template` shows what a chart makes.")


def _with_values(values: Mapping[str, Any] | None, act: list[str], *, seconds: float = _SECONDS + 10) -> str:
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "values.yaml"
        given.write_text(yaml.safe_dump(dict(values or {})))
        return _helm(*act, "--values", str(given), seconds=seconds)


def template(name: str, chart: str | Path, *, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The objects that the chart makes with these values; nothing is sent to the cluster."""
    text = _with_values(values, ["template", name, str(chart)])
    return [dict(one) for one in yaml.safe_load_all(text) if one]


def install(
    name: str, chart: str | Path, *, values: Mapping[str, Any] | None = None, timeout: int = _SECONDS
) -> Revision:
    """Install the chart – a folder, an archive or `oci://…` – as release `name`, or upgrade it, and wait until what it made is
    ready. Raises CourseError with helm's message; a release that did not become ready stays, so that it can be looked at.

    >>> install("web", "charts/web", values={"replicas": 2})  # doctest: +SKIP
    Revision(number=1, status='deployed', chart='web-0.1.0', description='Install complete')
    """
    words = ["upgrade", "--install", name, str(chart), "--wait", f"--timeout={timeout}s"]
    _with_values(values, words, seconds=timeout + 10)
    return history(name)[-1]


def history(name: str) -> list[Revision]:
    """The release's revisions, oldest first. Raises NotFound."""
    rows = json.loads(_helm("history", name, "--output", "json"))
    return [Revision(int(row["revision"]), row["status"], row["chart"], row["description"]) for row in rows]


def values(name: str) -> dict[str, Any]:
    """The values that the release was given, without the chart's own. Raises NotFound."""
    return dict(json.loads(_helm("get", "values", name, "--output", "json")) or {})


def rollback(name: str, number: int, *, timeout: int = _SECONDS) -> Revision:
    """Bring the release back to a revision's state – as a new revision – and wait until it is ready. Raises NotFound."""
    _helm("rollback", name, str(number), "--wait", f"--timeout={timeout}s", seconds=timeout + 10)
    return history(name)[-1]


def ls() -> list[str]:
    """Names of the releases in the lesson's namespace."""
    return [str(row["name"]) for row in json.loads(_helm("list", "--output", "json"))]


def uninstall(name: str) -> None:
    """Take the release out, with all it made; no error when there is none."""
    _helm("uninstall", name, "--ignore-not-found", "--wait")
