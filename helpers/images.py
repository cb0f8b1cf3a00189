"""Images: `ls`, `get`, `pull`, `history`."""

from typing import Any

import docker.errors
from docker.models.images import Image as RawImage

from environment import versions
from environment.errors import EnvironmentProblem
from environment.images import supply
from helpers.engine import client
from helpers.errors import CourseError, NotFound


class Image:
    """One image, known by reference or id; `raw` is docker-py's object, read anew at each use."""

    def __init__(self, reference: str) -> None:
        self.reference = reference

    @property
    def raw(self) -> RawImage:
        """docker-py's image. Raises NotFound."""
        try:
            return client().images.get(self.reference)
        except docker.errors.ImageNotFound:
            raise NotFound(
                f"there is no image '{self.reference}' here.", "`docker images` lists what there is."
            ) from None

    @property
    def size_mb(self) -> float:
        """Size in MB as the engine reports it (image stores count differently)."""
        return float(self.raw.attrs["Size"]) / 1e6

    def history(self) -> list[dict[str, Any]]:
        """The steps it was made by, newest first."""
        return list(self.raw.history())

    def __repr__(self) -> str:
        return f"<image {self.reference}>"


def get(reference: str) -> Image:
    """The local image of that name. Raises NotFound."""
    found = Image(reference)
    found.raw  # noqa: B018 - asks the engine
    return found


def pull(name: str) -> Image:
    """Make sure that the catalog image `name` (`nginx`, `redis` …) is in the engine, pulled or as a stand-in."""
    if name not in versions.table()["images"]:
        known = ", ".join(versions.table()["images"])
        raise CourseError(f"'{name}' is not in the course's catalog.", f"it has: {known}.")
    try:
        return Image(supply.ensure(name))
    except EnvironmentProblem as error:
        raise CourseError(error.what, error.remedy) from None


def ls() -> list[Image]:
    """All tagged images of the engine."""
    return [Image(tag) for found in client().images.list() for tag in found.tags]
