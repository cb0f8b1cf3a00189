"""Images: `ls`, `get`, `pull`, `history`, what their layers hold, what they print."""

import io
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker.errors
import requests
from docker.models.images import Image as RawImage

from environment import versions
from environment.errors import EnvironmentProblem
from environment.images import shop, supply
from helpers.engine import LABEL, client
from helpers.errors import CourseError, NotFound

#: How long a container that only prints something may run, in seconds.
PRINT_SECONDS = 20


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

    @property
    def config(self) -> dict[str, Any]:
        """How its containers are set up: User, Env, Cmd, Entrypoint, ExposedPorts, Labels, Healthcheck …"""
        return dict(self.raw.attrs["Config"])

    @property
    def short_id(self) -> str:
        """The first 12 digits of its id."""
        return str(self.raw.id).removeprefix("sha256:")[:12]

    @property
    def layer_ids(self) -> list[str]:
        """Digests of its layers' content (uncompressed), the lowest first: the same on every engine."""
        return list(self.raw.attrs["RootFS"]["Layers"])

    def steps(self) -> list[dict[str, Any]]:
        """What it was made by, the oldest first: `by` (the instruction) and `mb` (what that added)."""
        return [{"by": _instruction(row["CreatedBy"]), "mb": row["Size"] / 1e6} for row in reversed(self.history())]

    def output_of(self, *command: str) -> str:
        """What a container of it prints with this command (or its own), which has to end within 20 s.

        Raises CourseError when it does not end, or cannot be started.
        """
        try:
            box = client().containers.create(
                self.reference, list(command) or None, network_mode="none", labels={LABEL: "helper"}
            )
        except docker.errors.APIError as error:
            raise CourseError(f"no container of '{self.reference}' could be made: {error.explanation}") from None
        try:
            box.start()
            box.wait(timeout=PRINT_SECONDS)
            return str(box.logs().decode(errors="replace"))
        except docker.errors.APIError as error:
            raise CourseError(f"'{self.reference}' could not be started: {error.explanation}") from None
        except requests.exceptions.RequestException:
            raise CourseError(f"a container of '{self.reference}' was still running after {PRINT_SECONDS} s") from None
        finally:
            box.remove(force=True, v=True)

    def vulnerabilities(self) -> str:
        """What the course's scanner (an image of its own, with its data base inside) says of its Python packages.

        Raises CourseError when they can't be listed.
        """
        listed = self.output_of("python3", "-m", "pip", "freeze", "--all")
        return pull("scanner").output_of(listed)

    def _layers(self) -> Iterator[tuple[str, bytes]]:
        """Every file of every layer, deleted ones included, and every JSON document: (place, content)."""
        archive = io.BytesIO(b"".join(self.raw.save()))
        with tarfile.open(fileobj=archive) as outer:
            for entry in outer:
                blob = outer.extractfile(entry) if entry.isfile() else None
                content = blob.read() if blob else b""
                try:
                    with tarfile.open(fileobj=io.BytesIO(content)) as layer:
                        for file in layer:
                            inner = layer.extractfile(file) if file.isfile() else None
                            yield f"the file /{file.name} of a layer", inner.read() if inner else b""
                except tarfile.TarError:
                    yield "its configuration or history", content

    def find(self, text: str) -> str:
        """Where in the image `text` stands – a file of any layer, the configuration, the history – or an empty string."""
        return next((place for place, content in self._layers() if text.encode() in content), "")

    def history(self) -> list[dict[str, Any]]:
        """The steps it was made by, newest first."""
        return list(self.raw.history())

    def __repr__(self) -> str:
        return f"<image {self.reference}>"


def _instruction(created_by: str) -> str:
    """A step of the history as it stood in the Dockerfile, as far as the engine kept it."""
    text = created_by.removesuffix(" # buildkit").removeprefix("/bin/sh -c ").removeprefix("#(nop) ").strip()
    return text or "(imported)"


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


def shop_image(version: str = "v1") -> Image:
    """The course's demo application, built where it is not there yet: `shop:v1`, `shop:v2` or `shop:v3`."""
    try:
        return Image(shop.build(version))
    except EnvironmentProblem as error:
        raise CourseError(error.what, error.remedy) from None


def shop_sources(folder: Path) -> Path:
    """Copy the sources of the course's demo application – the package `shop` and its `requirements.lock`, without a
    Dockerfile – into `folder`, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        shop.FOLDER / "shop", folder / "shop", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(shop.FOLDER / "requirements.lock", folder)
    return folder


def ls() -> list[Image]:
    """All tagged images of the engine."""
    return [Image(tag) for found in client().images.list() for tag in found.tags]
