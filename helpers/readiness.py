"""Waiting for what the background work of `start` still makes, in one line that is kept up to date."""

from environment import builder
from environment.cluster import kind
from environment.engine import choice
from environment.errors import EnvironmentProblem
from helpers.errors import CourseError
from helpers.progress import line

_START = "run `python3 -m environment start` in a terminal: it starts, or goes on building, what is missing."


def stage(name: str) -> None:
    """Wait until that stage of the background work is ready. Raises CourseError when nobody works on it."""
    try:
        with line() as tell:
            builder.await_ready(name, tell)
    except EnvironmentProblem as error:
        raise CourseError(error.what, error.remedy) from None


def engine() -> None:
    """Wait until the Docker Engine answers."""
    if choice.reachable(choice.current()):
        return
    if not builder.working():
        raise CourseError("the Docker Engine does not answer.", _START)
    stage("engine")


def cluster() -> None:
    """Wait until kind, kubectl and the node image are there."""
    if builder.working():
        stage("cluster")
    elif not kind.installed():
        raise CourseError("the programs that Kubernetes lessons take are not there yet.", _START)
