"""MetalLB, which gives Services of type LoadBalancer an address that this machine reaches: its manifest and its addresses."""

import ipaddress
from pathlib import Path
from typing import Any

import yaml

from environment.cluster import kind, shipped
from environment.errors import EnvironmentProblem
from environment.images import supply

IMAGES = ("metallb-controller", "metallb-speaker")
NAMESPACE = "metallb-system"
#: Addresses for one cluster.
_MANY = 16


def _fitted(document: dict[str, Any]) -> dict[str, Any]:
    """Ready as soon as it is: upstream's probes begin after ten seconds."""
    if document["kind"] in {"Deployment", "DaemonSet"}:
        for box in document["spec"]["template"]["spec"]["containers"]:
            box["readinessProbe"] |= {"initialDelaySeconds": 1, "periodSeconds": 1, "failureThreshold": 30}
    return document


def _all_fitted(documents: shipped.Documents) -> shipped.Documents:
    return [_fitted(one) for one in documents]


def manifest() -> Path:
    """The file with all that makes MetalLB run; made once a version, and kept.

    Raises EnvironmentProblem when its Go module can't be had.
    """
    place = "config/manifests/metallb-native.yaml"
    return shipped.manifest("metallb", IMAGES[0], place, _all_fitted, Path(__file__).read_bytes())


def addresses(subnet: str, shape: str) -> str:
    """The addresses for Services of the cluster of that shape, `first-last`: at the upper end of the nodes' network, since
    Docker gives its own away from the lower one. Each shape has its own.

    >>> addresses("10.89.0.0/24", "single")
    '10.89.0.239-10.89.0.254'
    """
    network = ipaddress.ip_network(subnet)
    last = network.broadcast_address - 1 - list(kind.SHAPES).index(shape) * _MANY
    if network.num_addresses < 4 * _MANY:
        raise EnvironmentProblem(f"the cluster's network {subnet} is too small for addresses of Services.")
    return f"{last - _MANY + 1}-{last}"


def settings(shape: str) -> str:
    """The objects that tell MetalLB which addresses it may give away, and how it answers for them (ARP)."""
    subnets = supply.docker("network", "inspect", kind.NETWORK, "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}")
    subnet = next(one for one in subnets.split() if ":" not in one)
    meta = {"name": "course", "namespace": NAMESPACE}
    pool = {"kind": "IPAddressPool", "spec": {"addresses": [addresses(subnet, shape)]}}
    way = {"kind": "L2Advertisement", "spec": {"ipAddressPools": ["course"]}}
    documents = [{"apiVersion": "metallb.io/v1beta1", "metadata": meta, **one} for one in (pool, way)]
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper)
