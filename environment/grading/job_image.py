"""The image that Jobs judge submissions of a lesson with: built on this machine, pushed to a registry that the cluster reaches."""

import contextlib
import json
import subprocess
import tempfile
from pathlib import Path
from string import Template
from typing import Any

from environment import bootstrap, console, files, labenv, paths, versions
from environment.engine import owned
from environment.errors import EnvironmentProblem
from environment.grading import packages
from environment.images import shop, supply
from environment.supply import golang

HERE = Path(__file__).parent / "job"
#: The label that says what an image was made from.
_KEY = "containers-course.judge"
_STAGES = ("engine", "plugins")


def _programs(course: dict[str, Any]) -> list[versions.Component]:
    named = course.get("programs", [])
    return [one for one in versions.components() if one.stage in _STAGES or one.name in named]


def _check(course: dict[str, Any]) -> None:
    missing = [one.name for one in _programs(course) if not (owned.programs() / one.name).exists()]
    if missing:
        raise EnvironmentProblem(
            f"{', '.join(missing)} were not built on this machine, and go into the image.",
            "build it on Linux, where the course runs an engine of its own (`start` without another Docker Engine).",
        )


def _key(course: dict[str, Any], tree: Path, images: list[str], cached: Path | None) -> str:
    """Names all that the image is made from."""
    parts: list[str | bytes] = [str((supply.inspect(one) or {}).get("Id")) for one in images]
    parts += [golang.key(one) for one in _programs(course)]
    parts += [cached.name if cached else "", Path(__file__).read_bytes(), (HERE / "Dockerfile").read_bytes()]
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            parts += [str(path.relative_to(tree)), path.read_bytes()]
    return files.digest_of(*parts)


def _fill(folder: Path, references: list[str], cached: Path | None) -> None:
    """What goes in of the lesson: its images, and the packages that its builds may install."""
    if references:
        supply.docker("save", "--output", str(folder / "images.tar"), *references)
    if cached:
        subprocess.run(["cp", "--recursive", str(cached), str(folder / "packages")], check=True)


def _build(
    reference: str, key: str, course: dict[str, Any], tree: Path, references: list[str], cached: Path | None
) -> None:
    names = " ".join(one.name for one in _programs(course))
    dockerfile = Template((HERE / "Dockerfile").read_text()).substitute(programs=names)
    with tempfile.TemporaryDirectory(dir=paths.building()) as work, tempfile.TemporaryDirectory() as settings:
        _fill(Path(work), references, cached)
        contexts = {"programs": owned.programs(), "tree": tree, "lesson": work}
        words = [word for name, place in contexts.items() for word in ("--build-context", f"{name}={place}")]
        words += [*shop.build_settings(Path(settings)), "--label", f"{_KEY}={key}", "--tag", reference]
        command = ["docker", "build", "--progress=plain", *words, "--file", "-", str(HERE)]
        done = subprocess.run(command, input=dockerfile, env=labenv.lab(), capture_output=True, text=True)
    if done.returncode:
        tail = "\n    ".join(done.stderr.strip().splitlines()[-8:])
        raise EnvironmentProblem(f"{reference} could not be built:\n    {tail}", "check that PyPI can be reached.")


def build(lesson: str, course: dict[str, Any], tree: Path, repository: str) -> str:
    """Make sure that `REPOSITORY:LESSON` is in the engine, made of the course as it is now; return that reference."""
    _check(course)
    supply.ensure("grader")
    references = [supply.ensure(name) for name in course["images"]]
    wanted = course.get("packages")
    cached = packages.cache(wanted) if wanted else None
    reference = f"{repository}:{lesson}"
    key = _key(course, tree, [versions.image("grader"), *references], cached)
    before = supply.inspect(reference) or {}
    if (before.get("Config", {}).get("Labels") or {}).get(_KEY) != key:
        bootstrap.create_environment("lab")
        with console.step(f"build {reference}"):
            _build(reference, key, course, tree, references, cached)
        if before:
            with contextlib.suppress(EnvironmentProblem):  # something may use it still
                supply.docker("rmi", before["Id"])
    return reference


def push(reference: str) -> str:
    """Push the image; return its name by digest. Raises EnvironmentProblem where the registry does not take it."""
    repository = reference.rpartition(":")[0]
    with console.step(f"push {reference}"):
        try:
            supply.docker("push", "--quiet", reference)
        except EnvironmentProblem as error:
            raise EnvironmentProblem(
                f"{reference} could not be pushed: {error.what}",
                f"log in with `python3 -m environment shell docker login {repository.partition('/')[0]}`, or name another "
                "registry: one that the cluster's nodes reach by the same name.",
            ) from None
    digests = (supply.inspect(reference) or {}).get("RepoDigests", [])
    pinned = [str(one) for one in digests if one.startswith(f"{repository}@")]
    if not pinned:
        raise EnvironmentProblem(f"the registry told no digest of {reference}: {json.dumps(digests)}")
    return pinned[0]
