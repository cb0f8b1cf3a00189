"""How good is an image? Size, layers, user, build time, lint findings, known vulnerabilities – measured, not guessed."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from helpers import images
from helpers.errors import CourseError
from helpers.lessons import attached


@dataclass(frozen=True)
class Quality:
    """One image, measured. `rebuild_seconds` is a build after a change of the source, with the cache as it was."""

    name: str
    size_mb: float
    layers: int
    user: str
    rebuild_seconds: float
    findings: int
    vulnerabilities: int

    def __repr__(self) -> str:
        return (
            f"<{self.name}: {self.size_mb:.0f} MB, {self.layers} layers, runs as {self.user}, rebuilt in "
            f"{self.rebuild_seconds:.1f} s, lint findings: {self.findings}, known vulnerabilities: {self.vulnerabilities}>"
        )


def lint(dockerfile: Path | str) -> list[str]:
    """What hadolint finds in a Dockerfile (a path in the lesson's folder): `line: rule message`.

    Raises CourseError when there is no such file.
    """
    path = attached().work / dockerfile
    if not path.exists():
        raise CourseError(f"there is no file {dockerfile} in the lesson's folder.")
    done = subprocess.run(["hadolint", "--no-color", "--format", "json", str(path)], capture_output=True, text=True)
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        raise CourseError(f"hadolint cannot read {dockerfile}: {(done.stdout + done.stderr).strip()[:200]}") from None
    return [f"line {row['line']}: {row['code']} {row['message']}" for row in rows]


def measure(folder: str, reference: str) -> Quality:
    """Change a source file in `folder` (of the lesson), build it as `reference`, and look at what came out.

    Raises CourseError when the build fails.
    """
    lesson = attached()
    (lesson.work / folder / "app.py").open("a").write("# changed\n")
    began = time.monotonic()
    lesson.bash(f"docker build --quiet $BUILD_SETTINGS --tag {reference} {folder} > /dev/null")
    seconds = time.monotonic() - began
    image = images.get(reference)
    told = image.vulnerabilities().strip().splitlines()[-1].split()[0]
    user = str(image.config.get("User") or "root")
    return Quality(
        reference, image.size_mb, len(image.layer_ids), user, seconds, len(lint(f"{folder}/Dockerfile")), int(told)
    )
