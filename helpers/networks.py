"""Networks: `create`, `get`, `ls`."""

from typing import Any

import docker.errors
from docker.models.networks import Network as RawNetwork

from helpers.engine import LABEL, client
from helpers.errors import NotFound


class Network:
    """One network, known by name; `raw` is docker-py's object, read anew at each use."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def raw(self) -> RawNetwork:
        """docker-py's network. Raises NotFound."""
        try:
            return client().networks.get(self.name)
        except docker.errors.NotFound:
            raise NotFound(f"there is no network '{self.name}'.", "`docker network ls` lists all there are.") from None

    @property
    def attrs(self) -> dict[str, Any]:
        """What `docker network inspect` says."""
        return dict(self.raw.attrs)

    def remove(self) -> None:
        """Remove it; no error when it is gone already."""
        try:
            self.raw.remove()
        except (NotFound, docker.errors.NotFound):
            return

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<network {self.name}>"


def create(name: str, **options: Any) -> Network:
    """Make it so that a network `name` exists; `options` are docker-py's. An existing one is reused."""
    found = Network(name)
    try:
        found.raw  # noqa: B018 - asks the engine
    except NotFound:
        client().networks.create(name, labels={LABEL: "helper"}, **options)
    return found


def get(name: str) -> Network:
    """The network of that name. Raises NotFound."""
    found = Network(name)
    found.raw  # noqa: B018 - asks the engine
    return found


def ls() -> list[Network]:
    """All networks of the engine."""
    return [Network(str(found.name)) for found in client().networks.list()]
