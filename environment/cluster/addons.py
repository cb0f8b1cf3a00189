"""What a cluster gets on first use: metrics-server, which `kubectl top` and autoscaling stand on, and Kyverno, which decides
what may run."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from environment import bootstrap, console, files, paths, versions
from environment.cluster import admission, kind, loading
from environment.errors import EnvironmentProblem
from environment.images import supply
from environment.supply import golang

FOLDER = Path(__file__).with_name("addons")
LABEL = "containers-course.addon"
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class AddOn:
    """An add-on: its image, its manifest, the kubectl words that wait until it works, and – where it is taken away when the
    lesson ends – its namespace, what it makes by itself, and an object that it lets through once it can be asked."""

    image: str
    manifest: Callable[[], Path]
    works: tuple[str, ...]
    namespace: str = ""
    makes: tuple[str, ...] = ()
    probe: str = ""


ADDONS = {
    "metrics-server": AddOn(
        "registry.k8s.io/metrics-server/metrics-server:v0.9.0",
        lambda: FOLDER / "metrics-server" / "manifest.yaml",
        ("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=90s"),
    ),
    "kyverno": AddOn(
        admission.IMAGE,
        admission.manifest,
        ("--namespace", "kyverno", "rollout", "status", "deployment/kyverno-admission-controller", "--timeout=90s"),
        "kyverno",
        ("validatingwebhookconfigurations,mutatingwebhookconfigurations", "webhook.kyverno.io/managed-by=kyverno"),
        "probe.yaml",
    ),
}


def _key(name: str) -> str:
    return files.digest_of(golang.key(versions.component(name)), (FOLDER / name / "Dockerfile").read_bytes())


def _image(name: str) -> None:
    """Make sure that the add-on's image is in the engine: pulled, or built from the Go module of the same name."""
    reference = ADDONS[name].image
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


def prepare(name: str) -> str:
    """Make what the add-on takes – its image and manifest – without a cluster: the slow part, ahead of its first use.
    Returns the manifest's path."""
    _image(name)
    return str(ADDONS[name].manifest())


def ensure(name: str, shape: str = "single", tell: kind.Tell = lambda _: None) -> None:
    """Make it so that the add-on works in the course's cluster of that shape, which has to run. Quick where it does already.

    Raises EnvironmentProblem when it can't be had or does not come up.
    """
    if name not in ADDONS:
        raise EnvironmentProblem(f"there is no add-on '{name}'.", f"one of: {', '.join(ADDONS)}")
    addon = ADDONS[name]
    with files.lock(f"addon-{name}", wait=900):
        tell(f"{name}: its image (the first time it is built)")
        manifest = prepare(name)
        loading.load(shape, addon.image)
        tell(f"{name}: starting")
        try:
            kind.kubectl(shape, "apply", "--server-side", "--force-conflicts", "-f", manifest, seconds=60)
            kind.kubectl(shape, *addon.works, seconds=95)
            _await_answer(name, shape)
        except EnvironmentProblem:
            # An API that nobody serves keeps every namespace from being deleted.
            kind.kubectl(shape, "delete", "--ignore-not-found", "--wait=false", "-f", manifest)
            raise


def _await_answer(name: str, shape: str) -> None:
    """Until the API server reaches the add-on: its Service is there before every node knows the way to it."""
    probe, deadline = ADDONS[name].probe, time.monotonic() + ANSWER_SECONDS
    while probe:
        try:
            kind.kubectl(shape, "apply", "--dry-run=server", "-f", str(FOLDER / name / probe))
            return
        except EnvironmentProblem:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def remove(name: str, shape: str = "single") -> None:
    """Take an add-on with a namespace of its own away, whole; others stay. Nothing happens where it is not there."""
    addon = ADDONS[name]
    if not addon.namespace or not kind.kubectl(shape, "get", "namespace", addon.namespace, "--ignore-not-found"):
        return
    with files.lock(f"addon-{name}", wait=900), console.step(f"take {name} out of the cluster"):
        gone = ["--ignore-not-found", "--wait=true", "--timeout=60s"]
        # Its programs first: they would make again what it made by itself, and nothing of the cluster may wait for them.
        kind.kubectl(shape, "--namespace", addon.namespace, "delete", "deployments", "--all", *gone, seconds=65)
        kinds, label = addon.makes
        kind.kubectl(shape, "delete", kinds, "--selector", label, *gone, seconds=65)
        # Before its kinds: a namespace whose content is listed while kinds disappear takes minutes to go.
        kind.kubectl(shape, "delete", "namespace", addon.namespace, *gone, seconds=65)
        with contextlib.suppress(EnvironmentProblem):  # what is late goes by itself
            words = ["delete", "--ignore-not-found", "--wait=false", "-f", str(addon.manifest())]
            kind.kubectl(shape, *words, seconds=60)
