"""Connections to the Kubernetes API that the kubeconfig leads to."""

import os
from functools import lru_cache
from typing import Any

from kubernetes import client as api
from kubernetes import config, dynamic

from environment import labenv

#: Seconds to connect, and between two pieces of an answer.
_LIMITS = (3, 10)


def kubeconfig() -> str:
    """The kubeconfig in force: the open lesson's, or the lab's."""
    return os.environ.get("KUBECONFIG") or labenv.lab()["KUBECONFIG"]


@lru_cache(maxsize=4)
def connect(path: str, written: float) -> dynamic.DynamicClient:
    """The dynamic client for the kubeconfig at `path`, as it was `written` (a Unix time)."""
    return dynamic.DynamicClient(_bounded(config.new_client_from_config(path)))


def _bounded(made: api.ApiClient) -> api.ApiClient:
    """The client with a time limit for every request: by itself it would wait for a cluster that hangs for ever."""
    request = made.rest_client.request

    def limited(*words: Any, **options: Any) -> Any:
        return request(*words, **options | {"_request_timeout": options.get("_request_timeout") or _LIMITS})

    made.rest_client.request = limited
    return made


def fresh_client() -> api.ApiClient:
    """A connection of its own, without time limits: for streams, which may be silent for long."""
    return config.new_client_from_config(kubeconfig())
