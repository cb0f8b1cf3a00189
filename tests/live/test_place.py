"""The first lesson's three places: as root here, as an ordinary user in a user namespace, in a helper container."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from environment import labenv, paths
from helpers import containers, lessons
from helpers.checks import process, verify

LESSON = "1-01-what-is-a-container"
START = "unshare $ROOTLESS --pid --fork --mount-proc --uts --net sh -c 'hostname island; exec sleep 2002' > /dev/null 2>&1 & sleep 0.5"
CODE = f"""
import os
from helpers import lessons, magics
from helpers.checks import process, verify
lesson = lessons.open({LESSON!r})
magics.run_bash({START!r}, cwd=lesson.work)
report = verify(process("sleep 2002").hostname_is("island"), process("sleep 2002").is_first_in_its_pid_namespace())
print("PLACE", lesson.place.kind, report.points)
lesson.clean()
"""


def test_in_a_helper_container(engine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from helpers import magics

    monkeypatch.setenv("COURSE_PLACE", "container")
    lesson = lessons.open(LESSON)
    try:
        assert lesson.place.kind == "container"
        magics.run_bash(START, prefix=lesson.command_prefix())
        report = verify(
            process("sleep 2002").hostname_is("island"), process("sleep 2002").is_first_in_its_pid_namespace()
        )
        assert report.points == 2, str(report)
    finally:
        lesson.clean()
    assert containers.Container("containers-course-place").state == "absent"


def test_all_of_the_lesson_works_in_the_helper_container(engine: None) -> None:
    """Its image has fewer programs than a host: no cell may lean on one that is not there."""
    command = [sys.executable, "-m", "environment", "run", LESSON]
    environment = labenv.lab({**os.environ, "COURSE_PLACE": "container"})
    done = subprocess.run(command, cwd=paths.ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to become somebody else")
def test_as_an_ordinary_user(tmp_path: Path) -> None:
    """A memory cgroup is delegated to the user, as systemd does for sessions; without one the helper container is used."""
    home = Path("/tmp") / f"course-user-{os.getpid()}"
    delegated = [
        base / f"{paths.NAME}-lesson-1234"
        for base in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))
        if base.is_dir()
    ]
    home.mkdir()
    python = Path(sys.executable)
    if not os.access(python.resolve(), os.X_OK) or str(python.resolve()).startswith("/root"):
        # The interpreter lies in root's home here: an ordinary user can't use it, so Debian's own has to do.
        python = Path("/usr/bin/python3")
    try:
        delegated[0].mkdir(exist_ok=True)
        for path in (delegated[0], *delegated[0].iterdir(), home):
            os.chown(path, 1234, 1234)
        shutil.copytree(paths.ROOT / "environment", home / "environment")
        shutil.copytree(paths.ROOT / "helpers", home / "helpers")
        shutil.copytree(paths.ROOT / "notebooks", home / "notebooks")
        site = home / "site"
        packages = (
            Path(sys.prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        )
        site.mkdir()
        for name in ("docker", "requests", "urllib3", "certifi", "idna", "charset_normalizer"):
            shutil.copytree(packages / name, site / name)
        env = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": f"{home}:{site}"}
        words = [
            "setpriv",
            "--reuid=1234",
            "--regid=1234",
            "--clear-groups",
            "--inh-caps=-all",
            str(python),
            "-c",
            CODE,
        ]
        done = subprocess.run(words, env=env, cwd=home, capture_output=True, text=True, timeout=60)
        assert "PLACE rootless 2.0" in done.stdout, done.stdout + done.stderr
        assert labenv.lab()["PATH"]
    finally:
        shutil.rmtree(home)
        if delegated[0].exists():
            delegated[0].rmdir()
