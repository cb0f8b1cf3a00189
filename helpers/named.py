"""What networks and volumes have in common: both are known by name, read live, made if missing, removed on leaving `with`."""

import time
from typing import Any, ClassVar, Self

import docker.errors

from helpers.engine import LABEL, client
from helpers.errors import NotFound


class Named:
    """An object of the engine, known by name; `raw` is docker-py's, read anew at each use."""

    #: The CLI's noun; docker-py's collection is its plural.
    kind: ClassVar[str]

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def collection(cls) -> Any:
        """docker-py's collection of these objects."""
        return getattr(client(), f"{cls.kind}s")

    @property
    def raw(self) -> Any:
        """docker-py's object. Raises NotFound."""
        try:
            return self.collection().get(self.name)
        except docker.errors.NotFound:
            raise NotFound(
                f"there is no {self.kind} '{self.name}'.", f"`docker {self.kind} ls` lists all there are."
            ) from None

    @property
    def attrs(self) -> dict[str, Any]:
        """What `docker inspect` says."""
        return dict(self.raw.attrs)

    @property
    def is_there(self) -> bool:
        """Whether it exists."""
        try:
            return bool(self.raw)
        except NotFound:
            return False

    def events(self, since: float) -> list[str]:
        """What happened to objects of this kind and name since then (Unix time), oldest first: create, destroy …"""
        stream = client().events(
            since=f"{since:.9f}",
            until=f"{time.time():.9f}",
            decode=True,
            filters={self.kind: self.name, "type": self.kind},
        )
        return [str(event["Action"]) for event in stream]

    @classmethod
    def ensure(cls, name: str, **options: Any) -> Self:
        """Make it so that one of this name exists; an existing one is reused."""
        found = cls(name)
        try:
            found.raw  # noqa: B018 - asks the engine
        except NotFound:
            cls.collection().create(name, labels={LABEL: "helper"}, **options)
        return found

    @classmethod
    def find(cls, name: str) -> Self:
        """The existing one of that name. Raises NotFound."""
        found = cls(name)
        found.raw  # noqa: B018 - asks the engine
        return found

    @classmethod
    def every(cls) -> list[Self]:
        """All that the engine has."""
        return [cls(str(found.name)) for found in cls.collection().list()]

    def remove(self) -> None:
        """Remove it; no error when it is gone already."""
        try:
            self.raw.remove()
        except (NotFound, docker.errors.NotFound):
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"
