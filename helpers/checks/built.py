"""Expectations about images: what they are made of, how they are set up, and what they do when they run."""

import re
import shlex
from collections.abc import Callable
from typing import Any

from helpers import images
from helpers.checks.verdict import Expectation, Seen

_LIST = "`docker images` lists what there is"


class ImageCheck:
    """What can be expected of the local image `reference`. A missing image is told as such."""

    def __init__(self, reference: str) -> None:
        self._reference = reference

    def _expect(self, wanted: str, probe: Callable[[images.Image], Seen], points: float, hint: str) -> Expectation:
        return Expectation(
            f"image '{self._reference}' {wanted}", lambda: probe(images.get(self._reference)), points, hint
        )

    def _setting(self, wanted: str, field: str, right: Callable[[Any], bool], points: float, hint: str) -> Expectation:
        """An expectation about a field of the image's configuration."""

        def probe(found: images.Image) -> Seen:
            value = found.config.get(field)
            return Seen(right(value), f"its {field} is {value!r}" if value else f"it has no {field}")

        return self._expect(wanted, probe, points, hint)

    def exists(self, points: float = 1, hint: str = _LIST) -> Expectation:
        """It is in the engine."""
        return self._expect("is here", lambda found: Seen(True, f"it is here: {found.short_id}"), points, hint)

    def is_the_same_as(self, other: str, points: float = 1, hint: str = _LIST) -> Expectation:
        """Both names stand for one image."""

        def probe(found: images.Image) -> Seen:
            there = images.get(other)
            return Seen(
                found.raw.id == there.raw.id, f"{self._reference} is {found.short_id}, {other} is {there.short_id}"
            )

        return self._expect(f"is the same image as '{other}'", probe, points, hint)

    def is_built_on(self, base: str, points: float = 1, hint: str = "the first line, `FROM`, says so") -> Expectation:
        """Its lowest layers are those of `base`, and it has more of its own."""

        def probe(found: images.Image) -> Seen:
            below, own = images.get(base).layer_ids, found.layer_ids
            shared = own[: len(below)] == below
            seen = f"it has {len(own)} layers; {base}'s {len(below)} are {'' if shared else 'not '}the lowest ones"
            return Seen(shared and len(own) > len(below), seen)

        return self._expect(f"is built on {base}", probe, points, hint)

    def has_layers(self, count: int, points: float = 1, hint: str = "`docker history`") -> Expectation:
        """It consists of exactly that many layers."""

        def probe(found: images.Image) -> Seen:
            return Seen(len(found.layer_ids) == count, f"it has {len(found.layer_ids)}")

        return self._expect(f"has {count} layer{'s' * (count != 1)}", probe, points, hint)

    def shares_with(
        self, other: str, base: str, points: float = 1, hint: str = "compare `docker history` of both"
    ) -> Expectation:
        """It differs from `other`, and yet shares with it more of its lowest layers than the base they stand on has."""

        def probe(found: images.Image) -> Seen:
            own, there, below = (images.get(name).layer_ids for name in (self._reference, other, base))
            pairs = zip(own, there, strict=False)
            common = next((at for at, (one, two) in enumerate(pairs) if one != two), min(len(own), len(there)))
            seen = f"they share {common} layers, {len(below)} of them are the base's; {self._reference} has {len(own)}"
            return Seen(own != there and common > len(below), seen)

        return self._expect(f"differs from {other} and shares layers above {base} with it", probe, points, hint)

    def adds_at_most(
        self, megabytes: float, base: str, points: float = 1, hint: str = "`docker history`"
    ) -> Expectation:
        """It is at most that much larger than `base`, on which it stands."""

        def probe(found: images.Image) -> Seen:
            added = found.size_mb - images.get(base).size_mb
            return Seen(0 <= added <= megabytes, f"it has {added:.1f} MB more than {base}")

        return self._expect(f"adds at most {megabytes:g} MB to {base}", probe, points, hint)

    def prints(
        self, text: str, command: str = "", *, points: float = 1, hint: str = "try `docker run --rm` with it"
    ) -> Expectation:
        """A container of it, started with this command (or its own), prints `text` and ends within 20 s."""
        words = f"`{command}`" if command else "its own command"

        def probe(found: images.Image) -> Seen:
            seen = found.output_of(*shlex.split(command))
            return Seen(text in seen, f"it prints: {seen.strip()[:300] or 'nothing'}")

        return self._expect(f"run with {words} prints '{text}'", probe, points, hint)

    def prints_match(self, pattern: str, command: str, points: float = 1, hint: str = "") -> Expectation:
        """A container of it, started with this command, prints something that matches the regular expression."""

        def probe(found: images.Image) -> Seen:
            seen = found.output_of(*shlex.split(command))
            return Seen(re.search(pattern, seen) is not None, f"it prints: {seen.strip()[:300] or 'nothing'}")

        return self._expect(f"run with `{command}` prints the right thing", probe, points, hint)

    def has_user(self, points: float = 1, hint: str = "`USER` names the user that it runs as") -> Expectation:
        """It runs as somebody else than root."""
        roots = {"", "0", "root", "0:0", "root:root", None}
        return self._setting(
            "does not run as root",
            "User",
            lambda value: value not in roots and not str(value).startswith(("0:", "root:")),
            points,
            hint,
        )

    def has_label(self, key: str, value: str, points: float = 1, hint: str = "`LABEL key=value`") -> Expectation:
        """It bears that label."""
        return self._setting(
            f"is labelled {key}={value}", "Labels", lambda found: (found or {}).get(key) == value, points, hint
        )

    def exposes(self, port: int, points: float = 1, hint: str = "`EXPOSE` documents a port") -> Expectation:
        """It documents that TCP port."""
        return self._setting(
            f"documents port {port}", "ExposedPorts", lambda found: f"{port}/tcp" in (found or {}), points, hint
        )

    def has_env(self, variable: str, value: str, points: float = 1, hint: str = "`ENV NAME=value`") -> Expectation:
        """Its containers get that variable."""
        return self._setting(
            f"sets {variable}={value}", "Env", lambda found: f"{variable}={value}" in (found or []), points, hint
        )

    def has_health_check(self, points: float = 1, hint: str = "`HEALTHCHECK CMD …`") -> Expectation:
        """It says how to find out whether it is well."""
        return self._setting(
            "has a health check", "Healthcheck", lambda found: bool((found or {}).get("Test")), points, hint
        )

    def uses_exec_form(self, points: float = 1, hint: str = '`CMD ["program", "argument"]`') -> Expectation:
        """It starts its program itself: no shell stands in between, so signals arrive."""

        def probe(found: images.Image) -> Seen:
            words = [*(found.config.get("Entrypoint") or []), *(found.config.get("Cmd") or [])]
            shell = words[1:2] == ["-c"]
            return Seen(bool(words) and not shell, f"it starts: {words!r}")

        return self._expect("starts its program without a shell in between", probe, points, hint)

    def has_no_known_vulnerability(
        self, points: float = 1, hint: str = "the scanner names the versions that are safe"
    ) -> Expectation:
        """The course's scanner knows no vulnerability of its Python packages, and there are some."""

        def probe(found: images.Image) -> Seen:
            told = found.vulnerabilities().strip().splitlines()
            looked = re.search(r"(\d+) packages looked at", told[0] if told else "")
            fine = bool(told) and told[-1].startswith("0 known") and looked is not None and int(looked[1]) > 0
            return Seen(
                fine,
                told[-1] if told else "the scanner said nothing",
                evidence="" if fine else "\n".join(told[1:-1])[:300],
            )

        return self._expect("has no package with a known vulnerability", probe, points, hint)

    def is_smaller_than(self, other: str, share: float = 1.0, points: float = 1, hint: str = _LIST) -> Expectation:
        """Its size is below `share` of the other image's."""

        def probe(found: images.Image) -> Seen:
            own, there = found.size_mb, images.get(other).size_mb
            return Seen(own < share * there, f"it has {own:.1f} MB, {other} has {there:.1f} MB")

        words = f"is smaller than {other}" if share == 1.0 else f"has less than {share:.0%} of {other}'s size"
        return self._expect(words, probe, points, hint)

    def never_holds(
        self, text: str, points: float = 1, hint: str = "`docker history --no-trunc` shows a part of it"
    ) -> Expectation:
        """Neither its configuration and history nor any file in any of its layers has `text` in it."""

        def probe(found: images.Image) -> Seen:
            place = found.find(text)
            return Seen(not place, f"found in {place}" if place else "found nowhere in it")

        return self._expect(f"holds '{text}' in no layer and no setting", probe, points, hint)


def image(reference: str) -> ImageCheck:
    """What can be expected of an image: `image("hello:1").is_built_on("busybox:1.37")`."""
    return ImageCheck(reference)
