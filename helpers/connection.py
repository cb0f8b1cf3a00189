"""Connections to the Kubernetes API that the kubeconfig leads to, and its refusals as the course's errors."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import urllib3.exceptions
from kubernetes import client as api
from kubernetes import config, dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException

from environment import labenv
from helpers.errors import CannotTell, CourseError, NotFound

#: Seconds to connect, and between two pieces of an answer.
_LIMITS = (3, 10)
REMEDY = "run the lesson's first cell again: it brings the cluster back."


def kubeconfig() -> str:
    """The kubeconfig in force: the open lesson's, or the lab's."""
    return os.environ.get("KUBECONFIG") or labenv.lab()["KUBECONFIG"]


@lru_cache(maxsize=4)
def connect(path: str, written: float) -> dynamic.DynamicClient:
    """The dynamic client for the kubeconfig at `path`, as it was `written` (a Unix time)."""
    return dynamic.DynamicClient(_bounded(config.new_client_from_config(path)))


@lru_cache(maxsize=4)
def default_namespace(path: str, written: float) -> str:
    """The namespace of the current context of the kubeconfig at `path`, as it was `written` (a Unix time)."""
    _, active = config.list_kube_config_contexts(path)
    return str(active["context"].get("namespace", "default"))


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


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn what the client raises into the course's errors: CannotTell where the cluster can't be asked at all."""
    try:
        yield
    except ApiException as error:
        raise told(error, what) from None
    except (urllib3.exceptions.HTTPError, OSError, ConfigException) as error:
        raise CannotTell(f"the cluster does not answer ({type(error).__name__}).", REMEDY) from error


def told(error: ApiException, what: str) -> CourseError:
    """The API's answer as one of the course's errors: NotFound, CannotTell where the API is ill, else a refusal."""
    try:
        message = str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        message = str(error.reason)
    if error.status == 404:
        return NotFound(f"there is no {what}.", "`kubectl get` lists what there is.")
    # A field that the schema does not have is the manifest's fault, though the API server answers 500.
    unknown_field = "failed to create typed patch object" in message
    if (error.status >= 500 and not unknown_field) or error.status == 429:
        return CannotTell(f"the cluster could not answer: {message}", REMEDY)
    return CourseError(f"the cluster refuses {what}: {message}")
