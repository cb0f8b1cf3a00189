"""Upstream's own conformance tests, run against a cluster of the course with three nodes: `test --only conformance`. They take
half an hour on two cores, so no other run includes them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import paths
from environment.cluster import kind
from helpers import clusters
from tests.conformance import material

pytestmark = pytest.mark.usefixtures("engine")
SHAPE = "three-nodes"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new cluster that can pull the tests' images; gone afterwards, as are the images."""
    material.images(tmp_path_factory.mktemp("images"))
    kind.delete(SHAPE)
    clusters.up(SHAPE)
    try:
        material.serve(SHAPE)
        yield
    finally:
        clusters.delete(SHAPE)
        material.drop()


def _run(folder: Path, processes: int, *choice: str) -> tuple[list[str], list[str]]:
    """Run the tests so chosen; the names of those that passed, and of those that failed with what they said."""
    ginkgo, tests = material.programs(folder)
    report = paths.BUILD / "conformance"
    report.mkdir(parents=True, exist_ok=True)
    name = f"{folder.name}.json"
    words = [str(ginkgo), f"--procs={processes}", "--no-color", "--timeout=3h"]
    words += [f"--output-dir={report}", f"--json-report={name}", *choice, str(tests), "--"]
    words += ["--kubeconfig", str(paths.state() / "kubeconfig"), "--context", kind.context_of(SHAPE)]
    words += ["--provider", "skeleton", "--num-nodes=2"]
    with (report / f"{folder.name}.log").open("wb") as log:
        subprocess.run(words, env=material.environment(), stdout=log, stderr=log)
    specs = [spec for suite in json.loads((report / name).read_text()) for spec in suite["SpecReports"]]
    told = [(spec["LeafNodeText"], spec["State"], spec.get("Failure", {}).get("Message", "")) for spec in specs]
    passed = [text for text, state, _ in told if text and state == "passed"]
    failed = [f"{text}: {why[:500]}" for text, state, why in told if state not in {"passed", "skipped", "pending"}]
    return passed, failed


def test_what_may_run_side_by_side(cluster: None, tmp_path: Path) -> None:
    passed, failed = _run(tmp_path, 10, r"--focus=\[Conformance\]", r"--skip=\[Serial\]")
    assert not failed, "\n".join(failed)
    assert len(passed) > 420


def test_what_wants_the_cluster_to_itself(cluster: None, tmp_path: Path) -> None:
    passed, failed = _run(tmp_path, 1, r"--focus=\[Serial\].*\[Conformance\]|\[Conformance\].*\[Serial\]")
    assert not failed, "\n".join(failed)
    assert len(passed) >= 29
