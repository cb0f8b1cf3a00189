"""Istio as an add-on: its images, its charts and the kinds of the Gateway API, installed with Helm and taken out again."""

import contextlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from environment import bootstrap, console, files, labenv, paths, versions
from environment.cluster import gateway_api, kind, loading
from environment.errors import EnvironmentProblem
from environment.images import supply
from environment.supply import golang

NAMESPACE = "istio-system"
IMAGES = ("istio-pilot", "istio-proxy")
VALUES = Path(__file__).with_name("addons") / "istio" / "values.yaml"
_KEY = "containers-course.addon"
#: Folder of the chart here → where Istio's Go module has it.
_CHARTS = {"base": "manifests/charts/base", "istiod": "manifests/charts/istio-control/istio-discovery"}
_GATEWAY_KINDS = "gateway-api.yaml"


def _folder() -> Path:
    made_of = files.digest_of(golang.key(versions.component("istioctl")), Path(__file__).read_bytes())
    return paths.cache() / "addons" / f"istio-{made_of}"


def charts() -> Path:
    """The folder with the charts `base` and `istiod`, and the Gateway API's kinds; made once a version, and kept.

    Raises EnvironmentProblem when Istio's Go module can't be had.
    """
    target = _folder()
    if not target.exists():
        component = versions.component("istioctl")
        source = golang.source_folder(component, bootstrap.python())
        unfinished = target.with_suffix(".unfinished")
        files.remove_tree(unfinished)
        unfinished.mkdir(parents=True)
        for name, place in _CHARTS.items():
            # Modules lie read-only in Go's cache: content is taken, not modes.
            shutil.copytree(source / place, unfinished / name, copy_function=shutil.copyfile)
            _writable(unfinished / name)
            chart = unfinished / name / "Chart.yaml"
            # A release's charts carry its number; the source has a placeholder there.
            chart.write_text(re.sub(r"(?m)^(version|appVersion): .*$", rf"\1: {component.version}", chart.read_text()))
        kinds = golang.source_folder(component, bootstrap.python(), "sigs.k8s.io/gateway-api/apis/v1")
        texts = [path.read_text() for path in sorted((kinds / "config" / "crd" / "standard").glob("*.yaml"))]
        (unfinished / _GATEWAY_KINDS).write_text("\n---\n".join(texts))
        unfinished.replace(target)
    return target


def _writable(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def _helm(shape: str, *words: str, seconds: float = 120) -> str:
    """Run helm against the cluster; raises EnvironmentProblem with its message."""
    command = ["helm", "--kube-context", kind.context_of(shape), "--namespace", NAMESPACE, *words]
    try:
        done = subprocess.run(command, env=labenv.lab(), capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(f"`helm {words[0]}` was not done after {seconds:.0f} s.") from None
    if done.returncode:
        raise EnvironmentProblem(f"`helm {words[0]}` says: {done.stderr.strip()[-500:]}")
    return done.stdout


class Mesh:
    """Istio, in sidecar mode, with the kinds of the Gateway API."""

    images = IMAGES

    def _wanted(self) -> str:
        """Names what should be installed."""
        return files.digest_of(
            _folder().name,
            VALUES.read_bytes(),
            *(json.dumps(supply.inspect(versions.image(name)) or {}) for name in IMAGES),
        )

    def prepare(self) -> None:
        """Make its images and charts."""
        for name in IMAGES:
            supply.ensure(name)
        charts()

    def install(self, shape: str) -> None:
        """Install it with Helm, and wait until the control plane is ready. Quick where it is."""
        loading.load(shape, *(versions.image(name) for name in IMAGES))
        if self._there(shape):
            return
        folder = charts()
        with console.step("install Istio"):
            gateway_api.bring(shape, folder / _GATEWAY_KINDS)
            _helm(shape, "upgrade", "--install", "--create-namespace", "istio-base", str(folder / "base"))
            words = ["upgrade", "--install", "istiod", str(folder / "istiod"), "--values", str(VALUES)]
            _helm(shape, *words, "--wait", "--timeout", "100s")
            kind.kubectl(shape, "annotate", "--overwrite", "namespace", NAMESPACE, f"{_KEY}={self._wanted()}")

    def _there(self, shape: str) -> bool:
        path = "{.metadata.annotations." + _KEY.replace(".", r"\.") + "}"
        words = ["get", "namespace", NAMESPACE, "--ignore-not-found", "--output", f"jsonpath={path}"]
        if kind.kubectl(shape, *words) != self._wanted():
            return False
        with contextlib.suppress(EnvironmentProblem):
            words = ["--namespace", NAMESPACE, "rollout", "status", "deployment/istiod", "--timeout=30s"]
            kind.kubectl(shape, *words, seconds=35)
            return True
        return False

    def remove(self, shape: str) -> None:
        """Uninstall it, with all it left anywhere in the cluster."""
        if not kind.kubectl(shape, "get", "namespace", NAMESPACE, "--ignore-not-found"):
            return
        with console.step("take Istio out of the cluster"):
            gone = ["--ignore-not-found", "--wait=true", "--timeout=60s"]
            for release in ("istiod", "istio-base"):
                _helm(shape, "uninstall", release, "--ignore-not-found", "--wait", "--timeout", "60s")
            kind.kubectl(shape, "delete", "namespace", NAMESPACE, *gone, seconds=65)
            # Helm keeps kinds, since all objects of a kind go with it. That is what is wanted here.
            names = kind.kubectl(shape, "get", "crds", "--output", "name").split()
            mine = [name for name in names if name.endswith(".istio.io")]
            kind.kubectl(shape, "delete", *mine, *gone, seconds=65)
            gateway_api.take(shape, charts() / _GATEWAY_KINDS)
            # istiod writes its root certificate into every namespace.
            words = ["delete", "configmaps", "--all-namespaces", "--selector", "istio.io/config=true", *gone]
            kind.kubectl(shape, *words, seconds=65)
