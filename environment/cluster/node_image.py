"""The image that kind's nodes run: pulled where a container registry answers, else built from Go modules and Debian
packages. The built one is what `kind build node-image` makes, with kind's own files, laid out so that nodes start fast.

Source of the recipe: `images/base` and `pkg/build/nodeimage` in the Go module sigs.k8s.io/kind.
"""

import os
import shutil
import subprocess
from pathlib import Path

from environment import bootstrap, console, files, labenv, paths, process, versions
from environment.errors import EnvironmentProblem
from environment.images import apt, supply
from environment.supply import golang

FILES = Path(__file__).with_name("node")
LABEL = "containers-course.node-image"
#: systemd of Debian 13 refuses cgroup v1, so nodes are Debian 12.
SUITE = "bookworm"
NODE_PACKAGES = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "conntrack",
    "iptables",
    "nftables",
    "ipset",
    "iproute2",
    "ethtool",
    "util-linux",
    "mount",
    "kmod",
    "libseccomp2",
    "pigz",
    "e2fsprogs",
    "bash",
    "ca-certificates",
    "curl",
    "jq",
    "procps",
    "hostname",
]
TOOLS_PACKAGES = ["iptables", "nftables", "ipset", "iproute2", "conntrack", "kmod", "ca-certificates"]
#: component → its place in the node.
PROGRAMS = {
    "node-containerd": "usr/local/bin/containerd",
    "containerd-shim-runc-v2": "usr/local/bin/containerd-shim-runc-v2",
    "ctr": "usr/local/bin/ctr",
    "crictl": "usr/local/bin/crictl",
    "runc": "usr/local/sbin/runc",
    "bridge": "opt/cni/bin/bridge",
    "ptp": "opt/cni/bin/ptp",
    "loopback": "opt/cni/bin/loopback",
    "host-local": "opt/cni/bin/host-local",
    "portmap": "opt/cni/bin/portmap",
    "kubernetes": "usr/bin/kubelet",
}
#: programs that only the images inside need.
INSIDE = ("etcd", "etcdctl", "etcdutl", "coredns", "kube-router", "local-path-provisioner")


def _components() -> dict[str, versions.Component]:
    return {component.name: component for component in versions.components()}


def _tags() -> dict[str, list[str]]:
    """For each target of the Dockerfile, the names under which kubeadm and the manifests ask for it."""
    release = versions.table()["cluster"]
    kubernetes = f"v{_components()['kubernetes'].version}"
    parts = ("apiserver", "controller-manager", "scheduler", "proxy")
    return {
        "kubernetes": [f"registry.k8s.io/kube-{part}:{kubernetes}" for part in parts],
        "etcd": [f"registry.k8s.io/etcd:{release['etcd_tag']}"],
        "coredns": [f"registry.k8s.io/coredns/coredns:{release['coredns_tag']}"],
        "pause": [f"registry.k8s.io/pause:{release['pause_tag']}"],
        "kube-router": [f"docker.io/cloudnativelabs/kube-router:v{_components()['kube-router'].version}"],
        "local-path-provisioner": [
            f"docker.io/rancher/local-path-provisioner:v{_components()['local-path-provisioner'].version}"
        ],
        "tools": ["docker.io/rancher/local-path-helper:1"],
    }


def key() -> str:
    """Names the built image by everything it is made from."""
    parts: list[str | bytes] = [SUITE, *NODE_PACKAGES, *TOOLS_PACKAGES, repr(_tags()), Path(__file__).read_bytes()]
    parts += [path.read_bytes() for path in sorted(FILES.rglob("*")) if path.is_file()]
    parts += [golang.key(_components()[name]) for name in ("kind", *PROGRAMS, *INSIDE)]
    return files.digest_of(*parts)


def _root(name: str, variant: str, packages: list[str]) -> Path:
    """A Debian root file system as a tar file, kept in the cache under all that it is made from."""
    target = paths.cache() / "node" / f"{name}-{files.digest_of(SUITE, variant, *packages)}.tar"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with console.step(f"node image: Debian for {name}") as told:
            unfinished = target.with_suffix(".unfinished.tar")
            apt.bootstrap_root(variant, packages, unfinished, SUITE)
            unfinished.replace(target)
            told.bytes_made = target.stat().st_size
    return target


def _place(name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(golang.build(_components()[name], bootstrap.python()), target)
    target.chmod(0o755)


def _system_images(work: Path) -> Path:
    """Build the images that Kubernetes runs, and save them into one archive."""
    context = work / "context"
    (context / "bin").mkdir(parents=True)
    shutil.copy2(_root("tools", "essential", TOOLS_PACKAGES), context / "tools.tar")
    for name in ("kubernetes", *INSIDE):
        _place(name, context / "bin" / name)
    process.run(["gcc", "-Os", "-static", "-s", "-o", context / "bin" / "pause", FILES / "pause.c"])
    names = []
    for target, tags in _tags().items():
        words = ["build", "--quiet", "--provenance=false", "--file", str(FILES / "Dockerfile"), "--target", target]
        supply.docker(*words, *(word for tag in tags for word in ("--tag", tag)), str(context))
        names += tags
    archive = work / "images.tar"
    supply.docker("save", "--output", str(archive), *names)
    supply.docker("rmi", *names)
    files.remove_tree(context)
    return archive


def _node_root(work: Path) -> Path:
    """The node's root file system as a folder: Debian, kind's files, our programs and manifests."""
    root = work / "root"
    root.mkdir()
    debian = _root("nodes", "minbase", NODE_PACKAGES)
    process.run(["tar", "--extract", "--file", debian, "--directory", root, "--numeric-owner"])
    kind = golang.source_folder(_components()["kind"], bootstrap.python()) / "images" / "base" / "files"
    for source in sorted(path for path in kind.rglob("*") if path.is_file()):
        target = root / source.relative_to(kind)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Go's module cache is read-only and forgets the run bits; setup.sh gives them back.
        shutil.copyfile(source, target)
    for name, place in PROGRAMS.items():
        _place(name, root / place)
    for name in ("kubeadm", "kubectl"):
        (root / "usr/bin" / name).symlink_to("kubelet")
    manifests = root / "kind" / "manifests"
    manifests.mkdir()
    for name in ("default-cni.yaml", "default-storage.yaml"):
        shutil.copy2(FILES / name, manifests / name)
    (root / "kind" / "version").write_text(f"v{_components()['kubernetes'].version}")
    return root


def _set_up(root: Path, archive: Path) -> None:
    """Run setup.sh inside, in namespaces of its own: it enables units and unpacks the images."""
    inside = (
        'mount --make-rprivate / && mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/run" && mount --rbind /dev "$0/dev"'
        ' && touch "$0/run/images.tar" && mount --bind "$1" "$0/run/images.tar" && exec chroot "$0" sh -eu -c "$2"'
    )
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-eu", "-c", inside]
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PAUSE": _tags()["pause"][0],
    }
    process.run(
        [*words, root, archive, (FILES / "setup.sh").read_text()], env=environment, log=paths.logs() / "node.log"
    )


def _import(root: Path, reference: str) -> None:
    changes = [
        'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
        "ENV container=docker",
        "STOPSIGNAL SIGRTMIN+3",
        f"LABEL {LABEL}={key()}",
        'LABEL org.opencontainers.image.title="kind node, built from Go modules and Debian packages by the course"',
    ]
    words = [word for change in changes for word in ("--change", change)]
    make = ["tar", "--create", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--directory", str(root), "."]
    with subprocess.Popen(make, stdout=subprocess.PIPE) as archive:
        done = subprocess.run(
            ["docker", "import", *words, "-", reference],
            env=labenv.lab(),
            stdin=archive.stdout,
            capture_output=True,
            text=True,
        )
    if archive.returncode or done.returncode:
        raise EnvironmentProblem(f"{reference} could not be imported: {done.stderr.strip()}")


def reference() -> str:
    """The node image that `ensure` gets, under kind's name: by digest where it is pulled."""
    release = versions.table()["cluster"]
    return str(release["node_pulled"] if supply.source() == "registry" else release["node_built"])


def ensure() -> str:
    """Make sure that the node image is in the engine; return its reference.

    Raises EnvironmentProblem when it can be neither pulled nor built.
    """
    name = reference()
    with files.lock("node-image", wait=3600):
        present = supply.inspect(name)
        if supply.source() == "registry":
            if not present:
                supply.pull(name)
            return name
        if present and (present["Config"].get("Labels") or {}).get(LABEL) == key():
            return name
        if os.geteuid() != 0:
            raise EnvironmentProblem("building the node image takes root.", "start the lab as root.")
        work = paths.cache() / "node" / f"work-{os.getpid()}"
        files.remove_tree(work)
        work.mkdir(parents=True)
        files.require_free(work, 6.0, "building the node image")
        try:
            with console.step("node image: the images that Kubernetes runs"):
                archive = _system_images(work)
            with console.step("node image: put together"):
                root = _node_root(work)
                _set_up(root, archive)
            with console.step(f"node image: import {name}"):
                _import(root, name)
        finally:
            files.remove_tree(work)
    return name
