"""Volumes: `create`, `get`, `ls`."""

from typing import Any

import docker.errors
from docker.models.volumes import Volume as RawVolume

from helpers.engine import LABEL, client
from helpers.errors import NotFound


class Volume:
    """One volume, known by name; `raw` is docker-py's object, read anew at each use."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def raw(self) -> RawVolume:
        """docker-py's volume. Raises NotFound."""
        try:
            return client().volumes.get(self.name)
        except docker.errors.NotFound:
            raise NotFound(f"there is no volume '{self.name}'.", "`docker volume ls` lists all there are.") from None

    @property
    def attrs(self) -> dict[str, Any]:
        """What `docker volume inspect` says."""
        return dict(self.raw.attrs)

    def remove(self) -> None:
        """Remove it; no error when it is gone already."""
        try:
            self.raw.remove()
        except (NotFound, docker.errors.NotFound):
            return

    def __enter__(self) -> "Volume":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<volume {self.name}>"


def create(name: str, **options: Any) -> Volume:
    """Make it so that a volume `name` exists; `options` are docker-py's. An existing one is reused."""
    found = Volume(name)
    try:
        found.raw  # noqa: B018 - asks the engine
    except NotFound:
        client().volumes.create(name, labels={LABEL: "helper"}, **options)
    return found


def get(name: str) -> Volume:
    """The volume of that name. Raises NotFound."""
    found = Volume(name)
    found.raw  # noqa: B018 - asks the engine
    return found


def ls() -> list[Volume]:
    """All volumes of the engine."""
    return [Volume(str(found.name)) for found in client().volumes.list()]
