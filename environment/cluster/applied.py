"""Add-ons that are images and a manifest, applied with kubectl."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from environment import bootstrap, console, files, paths, versions
from environment.cluster import gateway_api, kind, loading
from environment.errors import EnvironmentProblem
from environment.images import standin, supply
from environment.supply import golang

FOLDER = Path(__file__).with_name("addons")
LABEL = "containers-course.addon"
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Applied:
    """An add-on of this name.

    `manifest` makes its manifest, `works` are the kubectl words that wait until it works. Its images are from the catalog
    (`images`), or one, `own`, made from the Go module of the add-on's name. Where it is taken away when the lesson ends, it
    has a `namespace`, and `makes` is what it makes by itself. `probe` is an object that it lets through, and `settings` are
    objects that it takes, once it can be asked. `kinds` are those of the Gateway API, if it uses them.
    """

    name: str
    manifest: Callable[[], Path]
    works: tuple[str, ...]
    own: str = ""
    images: tuple[str, ...] = ()
    namespace: str = ""
    makes: tuple[str, ...] = ()
    probe: str = ""
    settings: Callable[[str], str] | None = None
    kinds: Callable[[], Path] | None = None

    def _key(self) -> str:
        if not self.own:
            return files.digest_of(*(standin.key(name) for name in self.images))
        recipe = (FOLDER / self.name / "Dockerfile").read_bytes()
        return files.digest_of(golang.key(versions.component(self.name)), recipe)

    def _installed(self) -> str:
        """Names what is applied."""
        return files.digest_of(self._key(), self.manifest().read_bytes())

    def prepare(self) -> None:
        """Make sure that its images are in the engine – pulled, or made here – and its manifest on disk."""
        self.manifest()
        for name in self.images:
            supply.ensure(name)
        if self.own:
            self._prepare_own()

    def _prepare_own(self) -> None:
        present = supply.inspect(self.own)
        if supply.source() == "registry":
            if not present:
                supply.pull(self.own)
            return
        if present and (present["Config"].get("Labels") or {}).get(LABEL) == self._key():
            return
        program = golang.build(versions.component(self.name), bootstrap.python())
        with tempfile.TemporaryDirectory(dir=paths.building()) as folder, console.step(f"build {self.own}"):
            shutil.copy2(program, Path(folder) / self.name)
            words = ["build", "--quiet", "--provenance=false", "--label", f"{LABEL}={self._key()}", "--tag", self.own]
            supply.docker(*words, "--file", str(FOLDER / self.name / "Dockerfile"), folder)

    def install(self, shape: str) -> None:
        """Apply it, and wait until it works; what does not come up is taken away again. Quick where it works already."""
        if self._works(shape):
            return
        loading.load(shape, *filter(None, [self.own, *map(versions.image, self.images)]))
        manifest = str(self.manifest())
        try:
            if self.kinds and not gateway_api.there(shape):
                gateway_api.bring(shape, self.kinds())
            kind.kubectl(shape, "apply", "--server-side", "--force-conflicts", "-f", manifest, seconds=60)
            kind.kubectl(shape, *self.works, seconds=95)
            self._await_answer(shape)
            kind.note(shape, addons={**kind.record(shape).get("addons", {}), self.name: self._installed()})
        except EnvironmentProblem:
            # An API that nobody serves keeps every namespace from being deleted.
            kind.kubectl(shape, "delete", "--ignore-not-found", "--wait=false", "-f", manifest)
            raise

    def _works(self, shape: str) -> bool:
        """Whether this very add-on was applied before, and answers."""
        if kind.record(shape).get("addons", {}).get(self.name) != self._installed():
            return False
        with contextlib.suppress(EnvironmentProblem):
            kind.kubectl(shape, *self.works, seconds=95)
            return True
        return False

    def _await_answer(self, shape: str) -> None:
        """Until the API server reaches it: its Service is there before every node knows the way to it."""
        if not self.probe and not self.settings:
            return
        # Settings are applied, a probe is only tried.
        told = self.settings(shape) if self.settings else (FOLDER / self.name / self.probe).read_text()
        words = ["--filename", "-", *([] if self.settings else ["--dry-run=server"])]
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                kind.kubectl(shape, "apply", *words, stdin=told)
                return
            except EnvironmentProblem:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)

    def remove(self, shape: str) -> None:
        """Take it away, whole, where it has a namespace of its own; others stay."""
        if not self.namespace or not kind.kubectl(shape, "get", "namespace", self.namespace, "--ignore-not-found"):
            return
        with console.step(f"take {self.name} out of the cluster"):
            gone = ["--ignore-not-found", "--wait=true", "--timeout=60s"]
            # Its programs first: they would make again what it made by itself, and nothing of the cluster may wait for them.
            kind.kubectl(shape, "--namespace", self.namespace, "delete", "deployments", "--all", *gone, seconds=65)
            if self.makes:
                kinds, label = self.makes
                kind.kubectl(shape, "delete", kinds, "--selector", label, *gone, seconds=65)
            # Before its kinds: a namespace whose content is listed while kinds disappear takes minutes to go.
            kind.kubectl(shape, "delete", "namespace", self.namespace, *gone, seconds=65)
            with contextlib.suppress(EnvironmentProblem):  # what is late goes by itself
                words = ["delete", "--ignore-not-found", "--wait=false", "-f", str(self.manifest())]
                kind.kubectl(shape, *words, seconds=60)
            if self.kinds:
                gateway_api.take(shape, self.kinds())
