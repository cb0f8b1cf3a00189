"""Registries: what they tell, and what a lesson leaves of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from environment import files, labenv
from helpers import containers, images, magics, owning, registries
from helpers.checks import registry, verify
from helpers.engine import client
from helpers.errors import CourseError, NotFound, TimedOut
from helpers.views import registry_tree

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(scope="module")
def store() -> Iterator[registries.Registry]:
    """A registry with busybox as team/box:1."""
    images.pull("registry")
    with containers.run("registry:3", name="test-store", ports={0: 5000}) as box:
        port = box.port(5000)
        found = registries.get(port)
        magics.run_bash(
            f"docker tag busybox:1.37 localhost:{port}/team/box:1; docker push --quiet localhost:{port}/team/box:1"
        )
        yield found
        owning.forget_registries([port])
    images_left = {tag for image in client().images.list() for tag in image.tags}
    assert not [tag for tag in images_left if f":{port}/" in tag]


def test_it_tells_names_tags_and_digests(store: registries.Registry) -> None:
    assert store.catalog() == ["team/box"]
    assert store.tags("team/box") == ["1"]
    digest = store.digest("team/box", "1")
    assert store.digest("team/box", digest) == digest
    with pytest.raises(NotFound):
        store.tags("team/other")
    with pytest.raises(NotFound):
        store.digest("team/box", "2")


def test_a_pull_can_be_walked_to_its_blobs(store: registries.Registry) -> None:
    text = registry_tree(store, "team/box", "1").text
    assert text.startswith("tag: team/box:1")
    assert "config:" in text
    assert "layer:" in text
    assert verify(registry(store.port).is_whole("team/box", "1")).points == 1


def test_a_missing_blob_is_named() -> None:
    with containers.run("registry:3", name="test-broken", ports={0: 5000}) as box:
        port = box.port(5000)
        registries.get(port)
        magics.run_bash(f"docker tag busybox:1.37 localhost:{port}/a:1; docker push --quiet localhost:{port}/a:1")
        box.exec(["sh", "-c", "find /var/lib/registry -path '*/blobs/sha256/*' -name data -size +100k -exec rm {} +"])
        magics.run_bash("docker restart test-broken > /dev/null")
        now = registries.get(box.port(5000)).port  # a free one is chosen anew
        report = verify(registry(now).is_whole("a", "1"))
        owning.forget_registries([port])
    assert report.points == 0
    assert "is missing" in report.rows()[0]["seen"]


def test_where_no_registry_is_the_message_says_so() -> None:
    with pytest.raises(CourseError, match="no registry answers on port 1 "):
        registries.Registry(1).catalog()
    with pytest.raises(TimedOut, match="a registry to answer on port 1"):
        registries.Registry(1).wait(timeout=0.3)


def test_a_certificate_that_is_none_is_the_learners_to_mend(store: registries.Registry, tmp_path: Path) -> None:
    (tmp_path / "rubbish").write_text("no certificate")
    for place in (tmp_path / "missing", tmp_path / "rubbish"):
        report = verify(registry(store.port, ca=place).is_trusted())
        assert (report.points, "cert" in report.rows()[0]["seen"]) == (0, True), report.rows()


def test_a_login_is_forgotten_with_its_registry(tmp_path: Path) -> None:
    line = images.pull("clients").output_of("htpasswd", "-Bbn", "ada", "secret").strip()
    (tmp_path / "users").write_text(line + "\n")
    settings = {"REGISTRY_AUTH_HTPASSWD_REALM": "x", "REGISTRY_AUTH_HTPASSWD_PATH": "/users"}
    mounts = [f"{tmp_path / 'users'}:/users:ro"]
    with containers.run("registry:3", name="test-guard", ports={0: 5000}, env=settings, volumes=mounts) as box:
        port = box.port(5000)
        guard = registries.get(port, user="ada", password="secret")
        magics.run_bash(f"echo secret | docker login --username ada --password-stdin localhost:{port}")
        assert verify(registry(port, "ada", "secret").has_no_login()).points == 0
        assert verify(registry(port, "ada", "secret").is_guarded()).points == 1
        assert guard.catalog() == []
        owning.forget_registries([port])
        assert verify(registry(port, "ada", "secret").has_no_login()).points == 1
    text = (Path(labenv.lab()["DOCKER_CONFIG"]) / "config.json").read_text()
    assert f":{port}" not in text
    assert isinstance(files.read_json(Path(labenv.lab()["DOCKER_CONFIG"]) / "config.json"), dict)


def test_requests_to_it_use_no_proxy(store: registries.Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert store.catalog() == ["team/box"]
    with pytest.raises(requests.RequestException):
        requests.get(store.url, timeout=1)
