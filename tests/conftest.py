"""What all tests share: the lab's environment in this process, and a live engine for those that need one."""

import os
from collections.abc import Iterator

import pytest

from environment import labenv
from environment.engine import choice


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """The lab's engine; `environment test` has brought it up."""
    if not choice.reachable(choice.current()):
        pytest.fail("no engine runs: use `python3 -m environment test --only live`")
    before = dict(os.environ)
    os.environ.update(labenv.lab())
    yield
    os.environ.clear()
    os.environ.update(before)
