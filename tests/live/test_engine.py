"""The engine that the course starts: what a learner, kind and BuildKit will ask of it."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from environment import files, labenv, paths, process
from environment.engine import choice, host, owned
from helpers import containers

pytestmark = pytest.mark.usefixtures("engine")
needs_owned = pytest.mark.skipif(not owned.running(), reason="the engine is the user's own")


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], env=labenv.lab(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_binaries_report_their_versions() -> None:
    assert "unknown" not in _docker("version", "--format", "{{.Server.Version}} {{.Client.Version}}")
    assert "v" in _docker("compose", "version", "--short") or _docker("compose", "version", "--short")[0].isdigit()
    assert "buildx" in _docker("buildx", "version")


@needs_owned
def test_the_socket_is_ours_alone() -> None:
    assert owned.socket().stat().st_mode & 0o777 == 0o600
    assert owned.socket().parent.stat().st_mode & 0o777 == 0o700


def test_privileged_containers_run_also_where_the_host_lacks_capabilities() -> None:
    assert _docker("run", "--rm", "--privileged", "busybox:1.37", "echo", "fine") == "fine"
    with containers.run("busybox:1.37", ["sleep", "60"], name="test-privileged", privileged=True):
        assert _docker("exec", "--privileged", "test-privileged", "echo", "fine") == "fine"


@needs_owned
def test_a_bare_published_port_listens_on_loopback_only() -> None:
    with containers.run("nginx:1.26", name="test-ports", ports={}):
        pass
    _docker("run", "-d", "--name", "test-ports", "-p", "80", "nginx:1.26")
    try:
        bindings = containers.get("test-ports").attrs["NetworkSettings"]["Ports"]["80/tcp"]
        assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}
        port = containers.get("test-ports").port(80)
        outside = [a["local"] for link in host._links() for a in link["addr_info"] if a["family"] == "inet"]
        for address in outside:
            if not address.startswith("127."):
                with pytest.raises(OSError), socket.create_connection((address, port), timeout=1):
                    pass
    finally:
        containers.Container("test-ports").remove()


def test_containers_reach_each_other_by_name_and_the_world_by_nat(tmp_path: Path) -> None:
    _docker("network", "create", "test-net")
    try:
        with containers.run("nginx:1.26", name="test-server", network="test-net"):
            page = _docker("run", "--rm", "--network", "test-net", "nginx:1.26", "curl", "-s", "http://test-server/")
            assert "Welcome to nginx" in page
    finally:
        _docker("network", "rm", "test-net")


def test_buildkit_builds_a_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM busybox:1.37\nRUN echo built > /built\nCMD ["cat", "/built"]\n')
    _docker("build", "--quiet", "--tag", "test-built", str(tmp_path))
    try:
        assert _docker("run", "--rm", "test-built") == "built"
    finally:
        _docker("image", "rm", "--force", "test-built")


def test_compose_brings_a_service_up_and_down(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text('services:\n  web:\n    image: nginx:1.26\n    ports: ["127.0.0.1::80"]\n')
    words = ["compose", "--project-directory", str(tmp_path), "--project-name", "test-compose"]
    _docker(*words, "up", "-d", "--wait")
    try:
        port = _docker(*words, "port", "web", "80").rsplit(":", 1)[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            assert answer.status == 200
    finally:
        _docker(*words, "down")


@needs_owned
def test_a_killed_engine_comes_back_with_its_images_and_nothing_left_running() -> None:
    with containers.run("busybox:1.37", ["sleep", "600"], name="test-orphan") as box:
        inside = box.attrs["State"]["Pid"]
        pid = files.read_json(paths.state() / "dockerd.json")["pid"]
        os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        owned.start()
        assert time.monotonic() - killed_at < 10, "dockerd waited for a containerd that is dead"
        assert owned.running()
        assert process.started_at(inside) is None
        assert _docker("images", "--quiet", "busybox:1.37")


@needs_owned
def test_stop_puts_links_firewall_and_sysctls_back() -> None:
    owned.stop()
    before = (host._saved("iptables"), sorted(link["ifname"] for link in host._links()), host.sysctls())
    mounts = Path("/proc/self/mountinfo").read_text()
    owned.start()
    name = f"test-left-over-{os.getpid()}"
    _docker("network", "create", name)
    _docker("run", "--rm", "--network", name, "busybox:1.37", "true")
    owned.stop()
    after = (host._saved("iptables"), sorted(link["ifname"] for link in host._links()), host.sysctls())
    rules = [
        {t: [r for r in rows if r.startswith("-A")] for t, rows in tables.items()} for tables in (before[0], after[0])
    ]
    assert {t: r for t, r in rules[1].items() if r} == {t: r for t, r in rules[0].items() if r}
    assert not any("DOCKER" in row for rows in after[0].values() for row in rows)
    assert after[1:] == before[1:]
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert host.cgroups() == []
    assert not paths.runtime().exists()
    owned.start()
    _docker("network", "rm", name)
    assert choice.reachable(choice.current())
