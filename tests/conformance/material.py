"""What upstream's end-to-end tests take besides a cluster: their program, and images under the names that they ask for."""

import os
import shutil
from pathlib import Path

from environment import bootstrap, versions
from environment.cluster import kind, local_registry
from environment.images import supply
from environment.supply import golang

_REGISTRY = "course-conformance-registry"
_UPSTREAM = "registry.k8s.io/e2e-test-images/"
#: An image that the course has → the names under which the tests ask for it.
_SAME = {
    "agnhost": ("agnhost:2.66.1", "agnhost:2.55", "glibc-dns-testing:2.1.1"),
    "nginx": ("nginx:1.28.0-2", "nginx:1.27.0-2"),
}
#: A target of the Dockerfile here → the names of its image.
_MADE = {
    "busybox": ("busybox:1.37.0-2", "busybox:1.36.1-1"),
    "nautilus": ("nautilus:1.8",),
    "kitten": ("kitten:1.8",),
    "nonroot": ("nonroot:1.5",),
    "nonewprivs": ("nonewprivs:1.4",),
    "sample-apiserver": ("sample-apiserver:1.29.2",),
}
IMAGES = [_UPSTREAM + name for names in (*_SAME.values(), *_MADE.values()) for name in names]


def programs(folder: Path) -> tuple[Path, Path]:
    """Build ginkgo and the tests, in `folder`; their paths. ginkgo takes a program for tests by its name's ending."""
    ginkgo, tests = (golang.build(versions.component(name), bootstrap.python()) for name in ("ginkgo", "e2e"))
    (folder / "e2e.test").symlink_to(tests)
    return ginkgo, folder / "e2e.test"


def images(folder: Path) -> None:
    """Put all images into the engine; `folder` is empty, and takes what they are built from."""
    for name, names in _SAME.items():
        reference = supply.ensure(name)
        for other in names:
            supply.docker("tag", reference, _UPSTREAM + other)
    sources = golang.source_folder(versions.component("agnhost"), bootstrap.python()) / "test" / "images"
    for name in ("nautilus", "kitten"):
        shutil.copytree(sources / name / "html", folder / name / "html", copy_function=shutil.copyfile)
        for path in [folder / name, *(folder / name).rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    for name in ("nnp", "sample-apiserver"):
        shutil.copy2(golang.build(versions.component(name), bootstrap.python()), folder / name)
    for base in ("busybox", "debian"):
        supply.ensure(base)
    for target, names in _MADE.items():
        tags = [word for name in names for word in ("--tag", _UPSTREAM + name)]
        dockerfile = str(Path(__file__).with_name("Dockerfile"))
        supply.docker("build", "--quiet", "--file", dockerfile, "--target", target, *tags, str(folder))


def serve(shape: str) -> None:
    """Let the cluster's nodes pull these images as from upstream's registry: some tests insist on a pull."""
    supply.docker("run", "--detach", "--name", _REGISTRY, "--publish", "127.0.0.1::5000", supply.ensure("registry"))
    port = supply.docker("port", _REGISTRY, "5000").splitlines()[0].rpartition(":")[2]
    for image in IMAGES:
        here = image.replace("registry.k8s.io", f"localhost:{port}")
        supply.docker("tag", image, here)
        supply.docker("push", "--quiet", here)
        supply.docker("rmi", here)
    address = local_registry.attach(_REGISTRY, shape)
    hosts = f'server = "https://registry.k8s.io"\n[host."http://{address}"]\n  capabilities = ["pull", "resolve"]\n'
    place = "/etc/containerd/certs.d/registry.k8s.io"
    script = f"mkdir -p {place} && cat > {place}/hosts.toml"
    # There are networks that answer for every address, even for a Service's that it no longer has.
    script += " && iptables -t mangle -I POSTROUTING -o eth0 -d 10.96.0.0/16 -j DROP"
    for node in kind.nodes(shape):
        supply.docker("exec", "--interactive", node, "sh", "-c", script, stdin=hosts)


def drop() -> None:
    """Take images and registry away again."""
    supply.docker("rm", "--force", "--volumes", _REGISTRY)
    supply.docker("rmi", "--force", *IMAGES)


def environment() -> dict[str, str]:
    """The variables that the tests' program runs with: nothing of this machine's own clusters."""
    return {name: text for name, text in os.environ.items() if not name.startswith("KUBE")}
