"""`new-lesson` writes a lesson that is proved before its author has written a word."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from environment import paths

pytestmark = pytest.mark.usefixtures("engine")
SCRIPT = """
import os, sys
from environment import labenv
os.environ.update(labenv.lab())
from environment import new_lesson
from environment.grading import proofs
for lesson, needs in (("9-98-sample", "engine"), ("9-99-other", "cluster")):
    new_lesson.main(lesson, title="A sample", needs=needs)
    problems = proofs.prove(lesson)
    assert not problems, problems
"""


def test_a_new_lesson_is_proved_as_it_is(tmp_path: Path) -> None:
    copy = tmp_path / "course"
    left_out = shutil.ignore_patterns(".git", "build", "workspace", "__pycache__", ".mypy_cache", ".ruff_cache")
    shutil.copytree(paths.ROOT, copy, ignore=left_out)
    words = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(words, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
