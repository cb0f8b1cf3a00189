"""What in an engine is the course's. In a shared engine, nothing is ever removed on its name alone."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import docker.errors

from environment import files, labenv
from helpers import containers
from helpers.engine import LABEL, client
from helpers.errors import CourseError

#: Compose's own mark on everything it creates.
PROJECT_LABEL = "com.docker.compose.project"


def describe(name: str) -> str:
    """A few words on a container that is somebody else's."""
    attrs = containers.Container(name).attrs
    return f"image {attrs['Config']['Image']}, created {attrs['Created'][:16].replace('T', ' ')}, {attrs['State']['Status']}"


def refuse_foreign(names: dict[str, list[str]]) -> None:
    """Raise CourseError when a container or Compose project that a lesson is going to create exists already."""
    for name in names.get("containers", []):
        if containers.Container(name).state != "absent":
            raise CourseError(
                f"a container named '{name}', which this lesson is going to create, exists already: {describe(name)}. "
                "It is not the course's, so it is left alone.",
                f"rename it (`docker rename {name} {name}-mine`) or remove it, then run this cell again.",
            )
    for project in names.get("projects", []):
        if of_project(project):
            raise CourseError(
                f"a Compose project named '{project}', which this lesson is going to create, exists already. It is not "
                "the course's, so it is left alone.",
                f"take it down (`docker compose -p {project} down`), then run this cell again.",
            )


def _ours(labels: dict[str, str] | None, created: str, since: float) -> bool:
    """Ours: labelled, or of a name the ledger reserved (it was free then) and created after that."""
    return LABEL in (labels or {}) or containers.unix_time(created) >= since - 1


def of_project(project: str) -> list[containers.Container]:
    """The containers of a Compose project, stopped ones included."""
    found = client().containers.list(all=True, filters={"label": f"{PROJECT_LABEL}={project}"})
    return [containers.Container(str(box.name)) for box in found]


def _remove_project(project: str, since: float) -> None:
    """Remove a Compose project's containers, networks, volumes and built images, as far as they came into being after `since`."""
    for box in of_project(project):
        if _ours({}, box.attrs["Created"], since):
            box.remove()
    for kind, key in (("networks", "Created"), ("volumes", "CreatedAt")):
        for found in getattr(client(), kind).list(filters={"label": f"{PROJECT_LABEL}={project}"}):
            if _ours({}, found.attrs[key], since):
                found.remove()
    for image in client().images.list(filters={"label": f"{PROJECT_LABEL}={project}"}):
        for tag in image.tags:
            client().images.remove(tag, force=True)


def remove(names: dict[str, list[str]], since: float) -> None:
    """Remove the containers, networks and volumes of these names that came into being after `since` (Unix time)."""
    for name in names.get("containers", []):
        box = containers.Container(name)
        if box.state != "absent" and _ours(box.attrs["Config"]["Labels"], box.attrs["Created"], since):
            box.remove()
    for project in names.get("projects", []):
        _remove_project(project, since)
    for kind, key in (("networks", "Created"), ("volumes", "CreatedAt")):
        for name in names.get(kind, []):
            try:
                found = getattr(client(), kind).get(name)
                if _ours(found.attrs.get("Labels"), found.attrs[key], since):
                    found.remove()
            except docker.errors.NotFound:
                continue
    for name in names.get("contexts", []):
        subprocess.run(["docker", "context", "rm", "--force", name], capture_output=True)
    for name in names.get("images", []):
        try:
            if containers.unix_time(client().images.get(name).attrs["Metadata"]["LastTagTime"]) >= since - 1:
                client().images.remove(name, force=True)
        except (docker.errors.NotFound, KeyError):
            continue


def forget_registries(ports: Iterable[int]) -> None:
    """Remove what a lesson left of the registries on these loopback ports: names of images, and credentials from logins."""
    hosts = [f"{host}:{port}" for port in ports for host in ("localhost", "127.0.0.1")]
    for image in client().images.list():
        for tag in image.tags:
            if tag.startswith(tuple(f"{host}/" for host in hosts)):
                client().images.remove(tag, force=True)
    settings = Path(labenv.lab()["DOCKER_CONFIG"]) / "config.json"
    told = files.read_json(settings, {})
    for place in ("auths", "credHelpers"):
        if any(host in told.get(place, {}) for host in hosts):
            told[place] = {host: entry for host, entry in told[place].items() if host not in hosts}
            files.write_json(settings, told)
