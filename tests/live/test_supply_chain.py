"""Bills, signatures and admission, on the real thing: cosign, a registry, Kyverno in the kind cluster."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment.cluster import addons, kind, local_registry, programs
from environment.errors import EnvironmentProblem
from environment.images import supply
from helpers import clusters, containers, images, kube, namespaces, owning, registries, supply_chain
from helpers.checks import registry, verify
from helpers.checks.admission import admission
from helpers.checks.signed import signed
from helpers.errors import CourseError

pytestmark = pytest.mark.usefixtures("engine")
NAMESPACE = "live-supply-chain"
OFFLINE = ("--tlog-upload=false", "--use-signing-config=false")


@pytest.fixture(scope="module")
def store() -> Iterator[int]:
    """The port of a registry with two images, `team/good:1` and `team/bad:1`."""
    programs.add("cosign")
    for name in ("registry", "busybox", "nginx"):
        images.pull(name)
    with socket.socket() as probe:  # a port that Docker chooses changes when the container joins another network
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with containers.run("registry:3", name="test-treasury", ports={port: 5000}):
        registries.get(port)
        for reference, name in (("nginx:1.26", "good"), ("busybox:1.37", "bad")):
            supply.docker("tag", reference, f"localhost:{port}/team/{name}:1")
            supply.docker("push", "--quiet", f"localhost:{port}/team/{name}:1")
        yield port
        owning.forget_registries([port])


@pytest.fixture(scope="module")
def keys(store: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pair of keys; `team/good:1` is signed with it, and its bill attested."""
    folder = tmp_path_factory.mktemp("keys")
    os.environ["COSIGN_PASSWORD"] = "a word"
    supply_chain.cosign("generate-key-pair", "--output-key-prefix", str(folder / "cosign"))
    image = f"localhost:{store}/team/good@{registries.Registry(store).digest('team/good', '1')}"
    key = ("--key", str(folder / "cosign.key"))
    supply_chain.cosign("sign", *key, *OFFLINE, image)
    (folder / "bom.json").write_text(json.dumps(supply_chain.bill("nginx:1.26")))
    words = ("--type", "cyclonedx", "--predicate", str(folder / "bom.json"))
    supply_chain.cosign("attest", *key, *OFFLINE, *words, image)
    return folder


def test_a_bill_has_what_the_package_managers_know() -> None:
    images.pull("python")
    document = supply_chain.bill("python:3.13-slim")
    assert supply_chain.versions(document, "pip")
    assert supply_chain.versions(document, "libc6")
    assert not supply_chain.versions(supply_chain.bill("busybox:1.37"), "libc6")


def test_a_signature_is_told_from_none_and_from_anothers(store: int, keys: Path, tmp_path: Path) -> None:
    public = keys / "cosign.pub"
    assert verify(signed(store, "team/good", "1", public).is_signed()).points == 1
    report = verify(signed(store, "team/bad", "1", public).is_signed())
    assert (report.points, "cosign says: no" in report.rows()[0]["seen"]) == (0, True)
    supply_chain.cosign("generate-key-pair", "--output-key-prefix", str(tmp_path / "other"))
    assert verify(signed(store, "team/good", "1", tmp_path / "other.pub").is_signed()).points == 0
    assert "no file" in verify(signed(store, "team/good", "1", tmp_path / "none.pub").is_signed()).rows()[0]["seen"]


def test_an_attested_bill_is_read(store: int, keys: Path) -> None:
    public = keys / "cosign.pub"
    assert verify(signed(store, "team/good", "1", public).lists("libc6")).points == 1
    assert "log4j: none" in verify(signed(store, "team/good", "1", public).lists("log4j")).rows()[0]["seen"]
    assert verify(signed(store, "team/bad", "1", public).lists("libc6")).points == 0


def test_retention_sees_what_is_left(store: int) -> None:
    assert verify(registry(store).has_only_tags("team/bad", "1")).points == 1
    assert verify(registry(store).has_only_tags("team/bad", "1", "2")).points == 0


def test_what_cannot_be_had_is_said() -> None:
    with pytest.raises(EnvironmentProblem, match="no program 'trivy'"):
        programs.add("trivy")
    clusters.up()
    with pytest.raises(CourseError):
        clusters.attach("no-such-container")


@pytest.fixture
def space(tmp_path: Path, store: int) -> Iterator[str]:
    """A namespace, and the address under which the cluster knows the registry."""
    before, context = os.environ["KUBECONFIG"], clusters.up()
    os.environ["KUBECONFIG"] = str(clusters.kubeconfig(tmp_path / "config", context, NAMESPACE))
    namespaces.ensure(NAMESPACE)
    yield clusters.attach("test-treasury")
    namespaces.reset(NAMESPACE)
    supply.docker("exec", clusters.nodes()[0], "rm", "-r", local_registry.place("test-treasury"))
    local_registry.forget([store], "single")
    assert f"localhost:{store}" not in supply.docker("exec", clusters.nodes()[0], "ls", "/etc/containerd/certs.d")
    os.environ["KUBECONFIG"] = before
    clusters.pause()


def test_a_registry_has_one_name_on_this_machine_and_in_the_cluster(space: str, store: int) -> None:
    image = f"localhost:{store}/team/good:1"
    pod = {"containers": [{"name": "app", "image": image, "imagePullPolicy": "Always", "command": ["sleep", "60"]}]}
    kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "same"}, "spec": pod})
    kube.wait_for("Pod", "same", lambda found: found["status"].get("phase") == "Running", "to run", timeout=60)


def test_only_what_is_signed_is_let_in_and_nothing_of_it_is_left(space: str, store: int, keys: Path) -> None:
    good, bad = f"{space}/team/good:1", f"{space}/team/bad:1"
    for name, image in (("good", good), ("bad", bad)):
        pod = {"containers": [{"name": "app", "image": image, "command": ["sleep", "60"]}]}
        kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod})
        kube.wait_for("Pod", name, lambda found: found["status"].get("phase") == "Running", "to run", timeout=60)
    report = verify(admission().tells_apart(good, bad))
    assert (report.points, "it lets" in report.rows()[0]["seen"]) == (0, True)
    clusters.add("kyverno")
    try:
        kube.apply(_policy(space, (keys / "cosign.pub").read_text()))
        report = verify(admission().tells_apart(good, bad), admission().pins(good, (store, "team/good", "1")))
        assert report.points == 2, str(report)
    finally:
        clusters.drop("kyverno")
    left = kind.kubectl("single", "get", "namespaces,validatingwebhookconfigurations,mutatingwebhookconfigurations")
    assert "kyverno" not in left
    assert verify(admission().tells_apart(good, bad)).points == 0
    addons.remove("kyverno")  # nothing happens where it is not


def _policy(address: str, key: str) -> dict[str, object]:
    cosign = {"key": {"data": key}, "ctlog": {"insecureIgnoreTlog": True, "insecureIgnoreSCT": True}}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    signatures = "images.containers.map(image, verifyImageSignatures(image, [attestors.team])).all(count, count > 0)"
    return {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "ImageValidatingPolicy",
        "metadata": {"name": "live-test"},
        "spec": {
            "validationActions": ["Deny"],
            "matchConstraints": {"resourceRules": [pods]},
            "matchImageReferences": [{"glob": f"{address}/team/*"}],
            "validationConfigurations": {"mutateDigest": True, "verifyDigest": True, "required": True},
            "attestors": [{"name": "team", "cosign": cosign}],
            "validations": [{"expression": signatures, "message": "not signed by the team"}],
        },
    }
