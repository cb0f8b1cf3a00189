"""What runs before there is a virtual environment gets by with the standard library."""

import subprocess
import sys

import pytest

from environment import paths


@pytest.mark.parametrize("module", ["__main__", "start", "lifecycle", "doctor", "builder", "testing"])
def test_the_first_verbs_take_nothing_but_the_standard_library(module: str) -> None:
    bare = [sys.executable, "-S", "-c", f"import environment.{module}"]
    done = subprocess.run(bare, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_bare_python_has_no_packages() -> None:
    """The control: were the packages in reach anyway, the test above could not fail."""
    done = subprocess.run([sys.executable, "-S", "-c", "import yaml"], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in done.stderr
