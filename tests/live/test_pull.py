"""Where a container registry answers, images are pulled: a real registry on this machine plays Docker Hub, as a mirror."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import versions
from environment.engine import owned
from environment.images import standin, supply
from environment.supply import golang
from helpers import images, wait

pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.skipif(not owned.running(), reason="a mirror is set up in an engine of our own only"),
]
REFERENCE = versions.image("busybox")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The distribution registry on a free loopback port; its address."""
    (component,) = versions.components("registry")
    program = golang.build(component, Path(sys.executable))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {tmp_path}/data\nhttp:\n  addr: 127.0.0.1:{port}\n"
    )
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([program, "serve", config], stdout=log, stderr=log)
    try:
        wait.http(port, "/v2/")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def mirrored(registry: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Our engine with that registry as its mirror of Docker Hub; afterwards without, and with the stand-in as before."""
    images.pull("busybox")
    copy = f"{registry}/library/{REFERENCE}"
    supply.docker("tag", REFERENCE, copy)
    supply.docker("push", "--quiet", copy)
    supply.docker("image", "rm", "--force", copy, REFERENCE)
    monkeypatch.setenv("COURSE_REGISTRY_MIRROR", f"http://{registry}")
    monkeypatch.delenv("COURSE_IMAGES", raising=False)
    owned.stop()
    owned.start()
    supply.forget_source()
    yield registry
    monkeypatch.undo()
    supply.docker("image", "rm", "--force", REFERENCE)
    supply.forget_source()
    owned.stop()
    owned.start()
    images.pull("busybox")


def test_auto_finds_the_registry_and_pulls(mirrored: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert supply.ensure("busybox") == REFERENCE
    assert supply.source() == "registry"
    found = supply.inspect(REFERENCE)
    assert found
    assert found["RepoDigests"]
    assert "make the stand-in" not in capsys.readouterr().out
    assert supply.docker("run", "--rm", REFERENCE, "echo", "pulled").strip() == "pulled"


def test_a_missing_image_is_a_clear_message(mirrored: str) -> None:
    why = supply._pull("library/nothing-of-that-name:1", 20)
    assert "nothing-of-that-name" in why
    assert standin.LABEL not in why
