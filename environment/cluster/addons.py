"""What a cluster gets on first use: so far metrics-server, which `kubectl top` and autoscaling stand on."""

import shutil
import tempfile
from pathlib import Path

from environment import bootstrap, console, files, paths, versions
from environment.cluster import kind, loading
from environment.errors import EnvironmentProblem
from environment.images import supply
from environment.supply import golang

FOLDER = Path(__file__).with_name("addons")
#: add-on → its image, and what tells that it works.
ADDONS = {
    "metrics-server": (
        "registry.k8s.io/metrics-server/metrics-server:v0.9.0",
        ("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=90s"),
    )
}
LABEL = "containers-course.addon"


def _key(name: str) -> str:
    return files.digest_of(golang.key(versions.component(name)), (FOLDER / name / "Dockerfile").read_bytes())


def _image(name: str, reference: str) -> None:
    """Make sure that the add-on's image is in the engine: pulled, or built from the Go module of the same name."""
    present = supply.inspect(reference)
    if supply.source() == "registry":
        if not present:
            supply.pull(reference)
        return
    if present and (present["Config"].get("Labels") or {}).get(LABEL) == _key(name):
        return
    program = golang.build(versions.component(name), bootstrap.python())
    with tempfile.TemporaryDirectory(dir=paths.building()) as folder, console.step(f"build {reference}"):
        shutil.copy2(program, Path(folder) / name)
        words = ["build", "--quiet", "--provenance=false", "--label", f"{LABEL}={_key(name)}", "--tag", reference]
        supply.docker(*words, "--file", str(FOLDER / name / "Dockerfile"), folder)


def ensure(name: str, shape: str = "single", tell: kind.Tell = lambda _: None) -> None:
    """Make it so that the add-on works in the course's cluster of that shape, which has to run. Quick where it does already.

    Raises EnvironmentProblem when it can't be had or does not come up.
    """
    if name not in ADDONS:
        raise EnvironmentProblem(f"there is no add-on '{name}'.", f"one of: {', '.join(ADDONS)}")
    reference, works = ADDONS[name]
    with files.lock(f"addon-{name}", wait=900):
        tell(f"{name}: its image (the first time it is built)")
        _image(name, reference)
        loading.load(shape, reference)
        tell(f"{name}: starting")
        manifest = str(FOLDER / name / "manifest.yaml")
        try:
            kind.kubectl(shape, "apply", "--server-side", "--force-conflicts", "-f", manifest)
            kind.kubectl(shape, *works, seconds=95)
        except EnvironmentProblem:
            # An API that nobody serves keeps every namespace from being deleted.
            kind.kubectl(shape, "delete", "--ignore-not-found", "--wait=false", "-f", manifest)
            raise
