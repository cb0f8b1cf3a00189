"""The connection to the lab's Docker Engine, and the marks by which the course knows its own objects."""

import os
from functools import lru_cache

import docker
import docker.errors
import requests

from environment import labenv
from helpers.errors import CannotTell

#: Label on everything the helpers create.
LABEL = "containers-course"


@lru_cache(maxsize=4)
def _client_at(host: str) -> docker.DockerClient:
    return docker.DockerClient(base_url=host, timeout=60, version="auto")


def client() -> docker.DockerClient:
    """The docker-py client of the lab's engine (docker-py ignores contexts, so the address is explicit).

    Raises CannotTell when the engine does not answer.
    """
    host = os.environ.get("DOCKER_HOST") or labenv.lab()["DOCKER_HOST"]
    try:
        return _client_at(host)
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise CannotTell(
            f"the Docker Engine at {host} does not answer ({type(error).__name__}).",
            "run `python3 -m environment start` in a terminal, then run this cell again.",
        ) from error
