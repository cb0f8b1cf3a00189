"""A lesson on a cluster of the learner's own: it stays in its namespace, and neither nodes nor kubeconfig are touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import paths
from environment.cluster import kind
from helpers import clusters, images, lessons
from helpers.checks import verify
from helpers.checks.kubernetes import service
from helpers.checks.workloads import deployment
from helpers.errors import CourseError

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A kubeconfig of the learner's own. The cluster behind it is ours: what a lesson does to it can be seen."""
    context = clusters.up()
    clusters.load(images.pull("nginx").reference)
    config = tmp_path / "config"
    config.write_bytes((paths.state() / "kubeconfig").read_bytes())
    config.chmod(0o400)
    with monkeypatch.context() as patched:
        patched.setenv("COURSE_KUBECONFIG", str(config))
        patched.setenv(clusters.OWN_CONTEXT, context)
        yield config
    clusters.pause()


def test_a_lesson_works_in_its_namespace_and_leaves_the_rest_alone(own: Path) -> None:
    before = own.read_bytes()
    opened = lessons.open("4-02-pods")
    try:
        opened.bash(
            "kubectl create deployment trio --image=nginx:1.26 --replicas=2 && kubectl expose deployment trio --port 80"
        )
        report = verify(deployment("trio").is_available(2), service("trio").answers("nginx"))
        assert report.points == 2, str(report)
    finally:
        opened.clean()
    assert kind.kubectl("single", "--namespace", "pods", "get", "deployments,services", "--output", "name") == ""
    assert own.read_bytes() == before
    assert set(kind.nodes("single").values()) == {"running"}


def test_a_lesson_that_takes_nodes_apart_refuses(own: Path) -> None:
    with pytest.raises(CourseError, match="yours is left in peace"):
        lessons.open("4-01-architecture")
    lessons.present("4-01-architecture").clean()  # type: ignore[union-attr]
