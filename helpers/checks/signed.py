"""Expectations about signatures: that an image in a registry was signed with a key, and what was said of it."""

from pathlib import Path

from helpers import registries, supply_chain
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import CourseError


class SignedCheck:
    """What can be expected of `repository:tag` in the registry on a loopback port, with the public key in a file."""

    def __init__(self, port: int, repository: str, tag: str, key: Path) -> None:
        self._port, self._repository, self._tag, self._key = port, repository, tag, key

    def _image(self) -> str:
        """The image by digest, as the registry has it now: a tag could move between two looks."""
        if not self._key.is_file():
            raise CourseError(f"there is no file {self._key.name} in {self._key.parent}")
        digest = registries.Registry(self._port).digest(self._repository, self._tag)
        return f"localhost:{self._port}/{self._repository}@{digest}"

    def is_signed(self, points: float = 1, hint: str = "`cosign verify --key …` says what is missing") -> Expectation:
        """What the tag leads to now was signed with the key."""

        def look() -> Seen:
            image = self._image()
            supply_chain.verified(image, self._key)
            return Seen(True, f"{image[-71:-52]}… was signed with {self._key.name}'s other half")

        wanted = f"{self._repository}:{self._tag} on port {self._port} is signed, and {self._key.name} proves it"
        return Expectation(wanted, look, points, hint)

    def lists(
        self, package: str, points: float = 1, hint: str = "`cosign verify-attestation --type cyclonedx`"
    ) -> Expectation:
        """A signed bill of materials (CycloneDX) of the image is in the registry, and has this package in it."""

        def look() -> Seen:
            documents = supply_chain.attested(self._image(), self._key)
            found = [one for one in documents if isinstance(one.get("components"), list)]
            if not found:
                return Seen(False, "what was attested has no list of components")
            known = supply_chain.versions(found[-1], package)
            return Seen(
                bool(known), f"the list has {len(found[-1]['components'])} packages; {package}: {known or 'none'}"
            )

        wanted = f"a signed bill of materials of {self._repository}:{self._tag} is beside it, with {package} in it"
        return Expectation(wanted, look, points, hint)


def signed(port: int, repository: str, tag: str, key: Path) -> SignedCheck:
    """What can be expected of a signed image: `signed(5000, "team/box", "1", lesson.work / "cosign.pub").is_signed()`."""
    return SignedCheck(port, repository, tag, key)
