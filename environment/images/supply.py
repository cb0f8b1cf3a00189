"""Gets a catalog image into the engine, under its upstream name, from a container registry or from package registries."""

import json
import os
import subprocess
from typing import Any

from environment import console, files, labenv, paths, process, versions
from environment.engine import choice
from environment.errors import EnvironmentProblem
from environment.images import standin

#: How long the one probe of the container registry may take before stand-ins are made instead, in seconds.
PROBE_SECONDS = 25


def docker(*words: str, stdin: str | None = None) -> str:
    """Run the lab's docker CLI; raises EnvironmentProblem with its message when it fails."""
    return process.run(["docker", *words], env=labenv.lab(), stdin=stdin)


def inspect(reference: str) -> dict[str, Any] | None:
    """`docker image inspect` of a local image, or None."""
    done = subprocess.run(["docker", "image", "inspect", reference], env=labenv.lab(), capture_output=True, text=True)
    return dict(json.loads(done.stdout)[0]) if done.returncode == 0 else None


def _source_file() -> Any:
    return paths.state() / "image-source.json"


def _pull(reference: str, seconds: float) -> str:
    """Pull; return an empty string, or why it failed."""
    try:
        done = subprocess.run(
            ["docker", "pull", "--quiet", reference], env=labenv.lab(), capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {seconds:.0f} s"
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["unknown error"])[-1]


def pull(reference: str) -> None:
    """Pull an image. Raises EnvironmentProblem with the engine's reason when that fails."""
    with console.step(f"pull {reference}"):
        why = _pull(reference, 900)
        if why:
            raise EnvironmentProblem(f"{reference} could not be pulled: {why}", "check the network; try again.")


def source() -> str:
    """`registry` or `packages`: what COURSE_IMAGES says, else what one probe found, remembered until `stop`."""
    wanted = os.environ.get("COURSE_IMAGES", "auto")
    record = choice.current() or {}
    if wanted in {"registry", "packages"}:
        return wanted
    known = files.read_json(_source_file())
    if known:
        return str(known["source"])
    why = _pull(versions.image("busybox"), PROBE_SECONDS)
    if why and record.get("kind") == "shared":
        raise EnvironmentProblem(
            f"your Docker Engine cannot pull images ({why}), and the course builds no stand-ins in an engine of yours.",
            "check `docker pull busybox`, or stop your engine and let the course start its own.",
        )
    found = "packages" if why else "registry"
    console.say(
        f"✓ images come from {'package registries (stand-ins)' if why else 'the container registry'}"
        + (f": a pull failed with: {why}" if why else "")
    )
    files.write_json(_source_file(), {"source": found, "why": why})
    return found


def forget_source() -> None:
    """Probe again next time."""
    _source_file().unlink(missing_ok=True)


def ensure(name: str) -> str:
    """Make sure that the catalog image `name` is in the engine; return its reference.

    A stand-in whose recipe changed is made again. Raises EnvironmentProblem when it cannot be had.
    """
    reference = versions.image(name)
    if not choice.reachable(choice.current()):
        raise EnvironmentProblem("the Docker Engine does not answer.", "run `python3 -m environment start`.")
    with files.lock(f"image-{name}", wait=1800):
        present = inspect(reference)
        if present:
            made_from = (present["Config"].get("Labels") or {}).get(standin.LABEL)
            if made_from in (None, standin.key(name)):
                return reference
        if source() == "registry" and not reference.startswith(standin.OWN):
            pull(reference)
        else:
            base = standin.recipe(name).get("base")
            if base:
                ensure(base)
            with console.step(f"make the stand-in {reference}") as told:
                standin.make(name, reference)
                told.bytes_made = int((inspect(reference) or {}).get("Size", 0))
    return reference
