"""Expectations about Dockerfiles, judged by hadolint."""

from helpers import quality
from helpers.checks.verdict import Expectation, Seen


class DockerfileCheck:
    """What can be expected of a Dockerfile in the lesson's folder."""

    def __init__(self, path: str) -> None:
        self._path = path

    def passes_lint(self, points: float = 1, hint: str = "`hadolint` names the line and the rule") -> Expectation:
        """hadolint finds nothing in it."""

        def look() -> Seen:
            found = quality.lint(self._path)
            return Seen(not found, f"hadolint finds {len(found)} things", evidence="\n".join(found[:4]))

        return Expectation(f"hadolint finds nothing in {self._path}", look, points, hint)


def dockerfile(path: str) -> DockerfileCheck:
    """What can be expected of a Dockerfile: `dockerfile("site/Dockerfile").passes_lint()`."""
    return DockerfileCheck(path)
