"""Expectations about volumes, and about files in the lesson's folder."""

import json
import re
import tarfile

from helpers import images, volumes
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import NotFound
from helpers.lessons import attached


class VolumeCheck:
    """What can be expected of the volume `name`."""

    def __init__(self, name: str) -> None:
        self._volume = volumes.Volume(name)
        self._name = name

    def exists(self, points: float = 1, hint: str = "`docker volume ls` lists all there are") -> Expectation:
        """It is there."""

        def look() -> Seen:
            return Seen(True, f"made by the driver '{self._volume.attrs['Driver']}'")

        return Expectation(f"there is a volume '{self._name}'", look, points, hint)

    def holds(self, path: str, pattern: str, points: float = 1, hint: str = "") -> Expectation:
        """The file at `path` in it (relative to its root) matches the regular expression."""

        def look() -> Seen:
            text = self._volume.read(path)
            if text is None:
                return Seen(False, f"there is no file {path} in it")
            return Seen(re.search(pattern, text) is not None, f"{path} begins with: {text[:120]!r}")

        return Expectation(f"volume '{self._name}' has a file {path} that matches '{pattern}'", look, points, hint)

    def was_removed(self, points: float = 1, hint: str = "`docker volume ls`") -> Expectation:
        """It existed since the lesson was opened, and is gone."""

        def look() -> Seen:
            if self._volume.is_there:
                return Seen(False, "it is still there")
            known = "create" in self._volume.events(attached().opened_at)
            return Seen(known, "it was made, and is gone" if known else "it was never made")

        return Expectation(f"volume '{self._name}' was made and later removed", look, points, hint)


class ArchiveCheck:
    """What can be expected of the tar archive `name` in the lesson's folder."""

    def __init__(self, name: str) -> None:
        self._name = name

    def holds_image(self, reference: str, points: float = 1, hint: str = "`docker save --help`") -> Expectation:
        """It is an archive as `docker save` makes it, and has that image in it under that name."""

        def look() -> Seen:
            try:
                with tarfile.open(attached().work / self._name) as archive:
                    listed = archive.extractfile("manifest.json")
                    rows = json.load(listed) if listed else []
                    tags = [tag for row in rows[:100] for tag in row["RepoTags"] or []]
            except FileNotFoundError:
                return Seen(False, f"there is no file {self._name} in the lesson's folder")
            except (KeyError, ValueError, TypeError, tarfile.TarError):
                return Seen(False, f"{self._name} is no archive of images")
            return Seen(reference in tags, f"it holds: {', '.join(tags) or 'an image without a name'}")

        return Expectation(f"the archive {self._name} holds the image {reference}", look, points, hint)

    def holds_file(self, name: str, pattern: str, points: float = 1, hint: str = "`tar -tvf` lists it") -> Expectation:
        """A file of that name, in whatever folder, is in it and matches the regular expression."""

        def look() -> Seen:
            try:
                with tarfile.open(attached().work / self._name) as packed:
                    entries = [entry for entry in packed if entry.isfile()]
                    found = next((entry for entry in entries if entry.name.rsplit("/", 1)[-1] == name), None)
                    if found is None:
                        return Seen(False, f"it holds: {', '.join(entry.name for entry in entries[:10]) or 'no file'}")
                    inner = packed.extractfile(found)
                    text = inner.read(65536).decode(errors="replace") if inner else ""
            except FileNotFoundError:
                return Seen(False, f"there is no file {self._name} in the lesson's folder")
            except tarfile.TarError:
                return Seen(False, f"{self._name} is no archive")
            return Seen(re.search(pattern, text) is not None, f"{name} begins with: {text[:120]!r}")

        return Expectation(f"the archive {self._name} holds a {name} that matches '{pattern}'", look, points, hint)

    def is_the_only_copy_of(self, reference: str, points: float = 1, hint: str = "`docker rmi`") -> Expectation:
        """The archive holds the image, and the engine has none of that name."""

        def look() -> Seen:
            held = self.holds_image(reference).probe()
            if not held.ok:
                return held
            try:
                images.get(reference)
            except NotFound:
                return Seen(True, "the engine has it no more")
            return Seen(False, "the engine still has it too")

        return Expectation(f"the archive {self._name} is the only copy of {reference}", look, points, hint)


def archive(name: str) -> ArchiveCheck:
    """What can be expected of an archive in the lesson's folder: `archive("parcel.tar").holds_image("parcel:1")`."""
    return ArchiveCheck(name)


def volume(name: str) -> VolumeCheck:
    """What can be expected of a volume: `volume("data").holds("file", "text")`."""
    return VolumeCheck(name)
