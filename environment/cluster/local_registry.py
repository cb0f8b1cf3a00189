"""A registry on this machine that the cluster's nodes and pods reach, too: a container in the engine, under one name in there."""

from environment.cluster import kind
from environment.errors import EnvironmentProblem
from environment.images import supply

PORT = 5000


def attach(container: str, shape: str = "single") -> str:
    """Make the registry in `container` (it listens on port 5000) known in the cluster; return the address for pods' images.

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
    folder = place(container)
    hosts = f'server = "http://{address}"\n[host."http://{address}"]\n  capabilities = ["pull", "resolve"]\n'
    for node in nodes:
        script = f"mkdir -p {folder} && cat > {folder}/hosts.toml"
        supply.docker("exec", "--interactive", node, "sh", "-c", script, stdin=hosts)
    return address


def place(container: str) -> str:
    """Where a node keeps what it knows of the registry in `container`."""
    return f"/etc/containerd/certs.d/{container}.localhost:{PORT}"
