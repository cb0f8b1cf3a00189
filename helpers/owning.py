"""What in an engine is the course's. In a shared engine, nothing is ever removed on its name alone."""

import docker.errors

from helpers import containers
from helpers.engine import LABEL, client


def describe(name: str) -> str:
    """A few words on a container that is somebody else's."""
    attrs = containers.Container(name).attrs
    return f"image {attrs['Config']['Image']}, created {attrs['Created'][:16].replace('T', ' ')}, {attrs['State']['Status']}"


def _ours(labels: dict[str, str] | None, created: str, since: float) -> bool:
    """Ours: labelled, or of a name the ledger reserved (it was free then) and created after that."""
    return LABEL in (labels or {}) or containers.unix_time(created) >= since - 1


def remove(names: dict[str, list[str]], since: float) -> None:
    """Remove the containers, networks and volumes of these names that came into being after `since` (Unix time)."""
    for name in names.get("containers", []):
        box = containers.Container(name)
        if box.state != "absent" and _ours(box.attrs["Config"]["Labels"], box.attrs["Created"], since):
            box.remove()
    for kind, key in (("networks", "Created"), ("volumes", "CreatedAt")):
        for name in names.get(kind, []):
            try:
                found = getattr(client(), kind).get(name)
                if _ours(found.attrs.get("Labels"), found.attrs[key], since):
                    found.remove()
            except docker.errors.NotFound:
                continue
    for name in names.get("images", []):
        try:
            if containers.unix_time(client().images.get(name).attrs["Metadata"]["LastTagTime"]) >= since - 1:
                client().images.remove(name, force=True)
        except (docker.errors.NotFound, KeyError):
            continue
