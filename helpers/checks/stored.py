"""Expectations about registries: what they hold, what they take, how they show who they are."""

from pathlib import Path

from helpers import containers, registries
from helpers.checks.rights import RightsCheck
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import CourseError, NotFound


class RegistryCheck(RightsCheck):
    """What can be expected of the registry on a loopback port."""

    def has_tags(
        self, repository: str, *tags: str, points: float = 1, hint: str = "a tag that was not pushed stays at home"
    ) -> Expectation:
        """The repository has all of these tags."""

        def look() -> Seen:
            try:
                found = self._asked.tags(repository)
            except NotFound:
                return Seen(False, f"it has no repository '{repository}', but {self._asked.catalog() or 'nothing'}")
            return Seen(set(tags) <= set(found), f"'{repository}' has the tags {', '.join(found) or 'none'}")

        return self._expect(f"has {repository} with {', '.join(tags)}", look, points, hint)

    def same_image(
        self,
        repository: str,
        tag: str,
        other: tuple[int, str, str],
        points: float = 1,
        hint: str = "compare the digests",
    ) -> Expectation:
        """The tag is, to the byte, what `other` – port, repository, tag – is."""

        def look() -> Seen:
            ours = self._asked.digest(repository, tag)
            theirs = registries.Registry(other[0]).digest(*other[1:])
            return Seen(ours == theirs, f"it has {ours[:19]}…, and {other[1]}:{other[2]} is {theirs[:19]}…")

        return self._expect(f"has the very image {other[1]}:{other[2]} as {repository}:{tag}", look, points, hint)

    def has_blob(self, repository: str, content: bytes, wanted: str, points: float = 1, hint: str = "") -> Expectation:
        """It hands out this content as a blob of the repository; `wanted` says in words which."""

        def look() -> Seen:
            digest = registries.digest_of(content)
            there = self._asked.has_blob(repository, digest)
            return Seen(there, "it has it" if there else f"it has no blob {digest[:19]}… in '{repository}'")

        return self._expect(f"has {wanted} as a blob of {repository}", look, points, hint)

    def lost_all_tags(self, repository: str, points: float = 1, hint: str = "`DELETE` takes a digest") -> Expectation:
        """Something was pushed to the repository, and no tag of it is left."""

        def look() -> Seen:
            try:
                left = self._asked.tags(repository)
            except NotFound:
                return Seen(False, f"nothing was ever pushed to '{repository}'")
            return Seen(
                not left, f"it has the tags {', '.join(left)}" if left else "the name is known, and no tag is left"
            )

        return self._expect(f"once had {repository}, and no tag of it is left", look, points, hint)

    def is_whole(self, repository: str, tag: str, points: float = 1, hint: str = "") -> Expectation:
        """Everything that the tag refers to is there: of an index, at least one image; its configuration and all layers."""

        def look() -> Seen:
            found = self._asked.manifest(repository, tag)
            images = [found] if "layers" in found else self._images(repository, found)
            for image in images:
                blobs = [image["config"], *image["layers"]]
                missing = [blob["digest"] for blob in blobs if not self._asked.has_blob(repository, blob["digest"])]
                if missing:
                    return Seen(False, f"of {repository}:{tag}, the blob {missing[0][:19]}… is missing")
            return Seen(bool(images), "all of it is there" if images else "none of its images is there")

        return self._expect(f"has all of {repository}:{tag}", look, points, hint)

    def _images(self, repository: str, index: dict[str, list[dict[str, str]]]) -> list[dict[str, list[dict[str, str]]]]:
        found = []
        for row in index["manifests"]:
            try:
                found.append(self._asked.manifest(repository, row["digest"]))
            except NotFound:
                continue
        return found

    def holds_at_most(
        self, box: str, megabytes: float, once: str, points: float = 1, hint: str = "`docker exec … du -sh`"
    ) -> Expectation:
        """Something was pushed to the repository `once`, and all that the registry – the container `box` – has on its disk now is
        at most so many MB."""

        def look() -> Seen:
            if once not in self._asked.catalog():
                return Seen(False, f"nothing was ever pushed to '{once}'")
            status, told = containers.get(box).exec(["du", "-sk", "/var/lib/registry"])
            if status:
                return Seen(False, f"the disk of '{box}' could not be looked at: {told.strip()[:200]}")
            size = int(told.split()[0]) / 1000
            return Seen(size <= megabytes, f"{size:.1f} MB are on its disk")

        return self._expect(f"has at most {megabytes:g} MB on its disk, once '{once}' is gone", look, points, hint)

    def has_only_tags(
        self, repository: str, *tags: str, points: float = 1, hint: str = "`/v2/NAME/tags/list` tells them"
    ) -> Expectation:
        """The repository has these tags and no other."""

        def look() -> Seen:
            found = set(self._asked.tags(repository))
            return Seen(found == set(tags), f"'{repository}' has the tags {', '.join(sorted(found)) or 'none'}")

        return self._expect(f"has {repository} with {', '.join(tags)}, and no other tag", look, points, hint)

    def refuses_writes(self, points: float = 1, hint: str = "the registry's own log names the setting") -> Expectation:
        """It answers, and takes no upload."""

        def look() -> Seen:
            reads = self._asked.ask("GET", "").status_code
            writes = self._asked.ask("POST", "probe/blobs/uploads/").status_code
            return Seen((reads, writes) == (200, 405), f"it answers {reads} to a read, {writes} to an upload")

        return self._expect("can be read, and takes no upload", look, points, hint)

    def is_trusted(
        self, points: float = 1, hint: str = "`openssl x509 -text` shows what a certificate says"
    ) -> Expectation:
        """It shows a certificate that the given authority signed for `localhost`, and that is valid now."""

        def look() -> Seen:
            status = self._asked.ask("GET", "").status_code
            try:
                registries.Registry(self._port, ca=_everyone()).ask("GET", "")
            except CourseError:
                return Seen(status in {200, 401}, f"it answers {status} to who trusts your authority")
            return Seen(False, "it shows a certificate that everybody trusts anyway")

        return self._expect("shows a certificate for localhost that your authority signed", look, points, hint)


def _everyone() -> Path:
    """The authorities that any program here trusts."""
    import certifi

    return Path(certifi.where())


def registry(port: int, user: str = "", password: str = "", ca: Path | None = None) -> RegistryCheck:
    """What can be expected of a registry: `registry(lesson.port("store")).has_tags("team/box", "1.0")`."""
    return RegistryCheck(port, user, password, ca)
