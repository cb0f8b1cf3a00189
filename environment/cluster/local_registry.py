"""A registry on this machine that the cluster's nodes and pods reach, too: a container in the engine, under one name in there."""

from collections.abc import Iterable

from environment.cluster import kind
from environment.errors import EnvironmentProblem
from environment.images import supply

PORT = 5000


def attach(container: str, shape: str = "single") -> str:
    """Make the registry in `container` (it listens on port 5000) known in the cluster; return the address for pods' images.
    Where it has a published port, `localhost:PORT` – its name on this machine – leads there from the nodes, too.

    The name ends in `.localhost`: kubelet is told that it speaks plain HTTP, and signing tools take that for granted of such
    names. Raises EnvironmentProblem when there is no such container.
    """
    name = f"{container}.localhost"
    address = f"{name}:{PORT}"
    joined = supply.docker(
        "inspect", "--format", "{{range $n, $_ := .NetworkSettings.Networks}}{{$n}} {{end}}", container
    )
    if kind.NETWORK not in joined.split():
        supply.docker("network", "connect", "--alias", name, kind.NETWORK, container)
    nodes = kind.nodes(shape)
    if not nodes:
        raise EnvironmentProblem(f"there is no cluster '{shape}' to make {container} known in.")
    published = supply.docker("port", container).splitlines()
    ports = {line.rpartition(":")[2] for line in published if line.startswith(f"{PORT}/tcp")}
    hosts = f'server = "http://{address}"\n[host."http://{address}"]\n  capabilities = ["pull", "resolve"]\n'
    for folder in [place(container), *(_on_this_machine(port) for port in sorted(ports))]:
        script = f"mkdir -p {folder} && cat > {folder}/hosts.toml"
        for node in nodes:
            supply.docker("exec", "--interactive", node, "sh", "-c", script, stdin=hosts)
    return address


def forget(ports: Iterable[int], shape: str) -> None:
    """Let the nodes forget registries that were published on these ports of this machine."""
    folders = [_on_this_machine(port) for port in ports]
    for node in kind.nodes(shape) if folders else []:
        supply.docker("exec", node, "rm", "--recursive", "--force", *folders)


def _on_this_machine(port: int | str) -> str:
    return f"/etc/containerd/certs.d/localhost:{port}"


def place(container: str) -> str:
    """Where a node keeps what it knows of the registry in `container`."""
    return f"/etc/containerd/certs.d/{container}.localhost:{PORT}"
