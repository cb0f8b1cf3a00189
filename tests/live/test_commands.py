"""The command line with bad input: a taken port, no network, a killed build, another dockerd, Ctrl-C, an unknown lesson."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import bootstrap, files, paths
from helpers import containers

pytestmark = pytest.mark.usefixtures("engine")
START = ["python3", "-m", "environment", "start", "--yes", "--no-browser"]


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment in which the course has run nothing yet; the tests' own engine is somebody else's to it."""
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "COURSE_RUNTIME_DIR": str(tmp_path / "run")}
    env["XDG_DATA_HOME"] = str(tmp_path / "data")
    for name in ("DOCKER_HOST", "COURSE_ENGINE", "CI"):
        env.pop(name, None)
    yield env
    subprocess.run(["python3", "-m", "environment", "stop"], cwd=paths.ROOT, env=env, capture_output=True, check=True)


def _run(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*words], cwd=paths.ROOT, env=env, capture_output=True, text=True, timeout=120)


def _url(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+/lab\?token=[\w-]{20,}", text)
    assert found, text
    return found[0]


def test_beside_another_dockerd_the_first_lesson_works_and_the_message_says_why(apart: dict[str, str]) -> None:
    done = _run(apart, *START, "--detach")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "another dockerd runs here" in done.stdout
    assert "lesson 1-01 works" in done.stdout
    again = _run(apart, *START, "--detach")
    assert _url(again.stdout) == _url(done.stdout)


def test_a_taken_port_is_named(apart: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run(apart, *START, "--detach", "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_ctrl_c_stops_cleanly(apart: dict[str, str]) -> None:
    words = {"cwd": paths.ROOT, "env": apart, "text": True}
    process = subprocess.Popen(START, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **words)  # type: ignore[call-overload]
    seen = ""
    deadline = time.monotonic() + 60
    while "Ctrl-C" not in seen and time.monotonic() < deadline:
        seen += process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert "✓ JupyterLab stopped" in rest
    assert "Traceback" not in seen + rest
    port = int(_url(seen).split(":")[2].split("/")[0])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_unknown_lessons_and_stages_are_named_with_the_known_ones(apart: dict[str, str]) -> None:
    for words in (("run", "9-99-nothing"), ("reset", "9-99-nothing"), ("test", "--only", "nothing")):
        done = _run(apart, "python3", "-m", "environment", *words)
        assert done.returncode == 1
        assert "one of:" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr


def test_a_full_disk_is_told_before_it_hurts(apart: dict[str, str]) -> None:
    code = (
        "from environment import files, console; from environment.errors import EnvironmentProblem\n"
        "files.free_bytes = lambda folder: 1_000_000_000\n"
        "from environment.engine import owned\n"
        "owned.dockerd_processes = lambda: []\n"
        "try: owned.start()\n"
        "except EnvironmentProblem as error: console.problem(error)\n"
    )
    done = _run(apart, "python3", "-c", code)
    assert "the engine needs 3 GB free" in done.stdout, done.stdout + done.stderr


def test_without_a_network_one_message_says_so_and_what_to_do(apart: dict[str, str], tmp_path: Path) -> None:
    apart["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    done = _run(apart, "unshare", "--map-root-user", "--net", *START, "--detach")
    assert done.returncode == 1
    assert "the network does not answer" in done.stdout
    assert "run the same command again" in done.stdout
    assert len(done.stdout.strip().splitlines()) < 8
    assert "Traceback" not in done.stdout + done.stderr


def test_a_killed_build_leaves_no_half_program_and_the_next_one_finishes(apart: dict[str, str], tmp_path: Path) -> None:
    mine = tmp_path / "cache" / paths.NAME
    mine.mkdir(parents=True)
    apart["XDG_CACHE_HOME"] = str(mine.parent)
    build = (
        "import sys; from pathlib import Path; from environment import versions; from environment.supply import golang\n"
        "one = versions.component('oci-runtime')\n"
        "print(golang.build(one, Path(sys.executable)), flush=True)\n"
    )
    words = [str(bootstrap.python()), "-c", build]
    killed = subprocess.Popen(words, cwd=paths.ROOT, env=apart, stdout=subprocess.DEVNULL, start_new_session=True)
    entry = mine / "tools" / "oci-runtime"
    deadline = time.monotonic() + 120
    while not list(entry.glob(".*")) and time.monotonic() < deadline:  # the toolchain comes first
        time.sleep(0.05)
    time.sleep(1)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert [one.name for one in entry.iterdir() if not one.name.startswith(".")] == []
    done = subprocess.run(words, cwd=paths.ROOT, env=apart, capture_output=True, text=True, timeout=300)
    program = Path(done.stdout.strip().splitlines()[-1])
    assert program.parent.parent == entry, done.stderr
    assert os.access(program, os.X_OK)
    files.remove_tree(mine)


def test_stop_from_another_home_does_not_touch_the_engine_that_runs(apart: dict[str, str]) -> None:
    with containers.run("busybox:1.37", ["sleep", "60"], name="bystander") as box:
        mine = Path(apart["XDG_STATE_HOME"]) / paths.NAME
        mine.mkdir(parents=True)
        files.write_json(
            mine / "engine.json", {"kind": "owned", "host": f"unix://{apart['COURSE_RUNTIME_DIR']}/docker.sock"}
        )
        assert _run(apart, "python3", "-m", "environment", "stop").returncode == 0
        assert box.state == "running"
