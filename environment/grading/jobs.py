"""Submissions judged by Kubernetes Jobs, one each, on a cluster of yours: for a class that outgrows one machine.

The cluster's scheduler is the only queue. A Job is named by what it judges, with what: a `grade` that was killed finds its Jobs
again, and judges nothing twice.
"""

import contextlib
import os
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import yaml
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from environment import console, files
from environment.errors import EnvironmentProblem
from environment.grading import job_image, judge, pod
from environment.grading.executor import Cell
from environment.grading.slots import Judges

NAMESPACE = "course-grading"
PLACE = job_image.HERE / "place.yaml"
#: How many Jobs there are at a time, unless told otherwise: the cluster takes of them what it has room for.
JOBS = 50
#: What a Secret holds, at most (bytes), with room for its metadata.
_LARGEST = 1_000_000
#: Beyond a submission's own time: to pull the image, to make the lab (seconds).
_AROUND = 300.0
_LOOK_SECONDS = 5
#: What no waiting mends.
_REFUSED = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
}


def kubeconfig() -> str:
    """The user's own kubeconfig: read only by who asks for a cluster of his own."""
    return os.environ.get("COURSE_KUBECONFIG") or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")


class Jobs(Judges):
    """Judges a lesson's submissions by Jobs that run `image`, in the cluster of a kubeconfig's context. `again` judges what a
    Job has judged before. `with Jobs(…) as jobs:` removes them at the end."""

    def __init__(self, lesson: str, image: str, context: str, file: str, *, again: bool = False) -> None:
        super().__init__(lesson)
        self._image, self._salt = image, secrets.token_hex(4) if again else ""
        api = _client(context, file)
        self._batch, self._core = client.BatchV1Api(api), client.CoreV1Api(api)
        self._made: set[str] = set()
        self._said: set[str] = set()
        self._lock = threading.Lock()
        self._check(context)

    def __enter__(self) -> "Jobs":
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._made:
            with contextlib.suppress(ApiException):
                self._batch.delete_namespaced_job(name, NAMESPACE, propagation_policy="Background")

    def _check(self, context: str) -> None:
        """Raise EnvironmentProblem where no Job can be made."""
        try:
            self._batch.list_namespaced_job(NAMESPACE, limit=1, _request_timeout=20)
            self._core.list_namespaced_pod(NAMESPACE, limit=1, _request_timeout=20)
        except ApiException as error:
            raise EnvironmentProblem(
                f"the cluster '{context}' lets us make no Jobs in the namespace {NAMESPACE}: {error.reason}.",
                f"a cluster administrator runs: kubectl --context {context} apply --filename {PLACE} – and binds the "
                "role `grade` in there to you.",
            ) from None
        except Exception as error:
            raise EnvironmentProblem(f"the cluster '{context}' does not answer: {error}") from None

    def judge(self, cells: list[Cell]) -> judge.Judged:
        """Judge cells in a lab on one of the cluster's nodes."""
        packed = pod.pack({"cells": cells, "cell_seconds": self.cell_seconds, "seconds": self.seconds})
        # What a cell may take is measured anew by each run of `grade`, and tells nothing of what is judged.
        name = f"judge-{files.digest_of(pod.pack(cells), self._image, self._salt)[:20]}"
        if len(packed) > _LARGEST:
            return judge.Judged(problem="it is too large for a Job: without `--on`, this machine judges it.")
        try:
            self._submit(name, packed)
            self._await(name)
            return pod.told_in(self._log(name))
        except EnvironmentProblem as error:
            return judge.Judged(problem=error.what)
        except Exception as error:  # one submission, or a moment without the API, never stops the others
            return judge.Judged(problem=f"its Job could not be followed: {type(error).__name__}: {error}")

    def _manifest(self, name: str) -> dict[str, Any]:
        values = {
            "name": name,
            "namespace": NAMESPACE,
            "lesson": self._lesson,
            "image": self._image,
            "deadline": f"{self.seconds + _AROUND:.0f}",
        }
        return dict(yaml.safe_load(Template((job_image.HERE / "job.yaml").read_text()).substitute(values)))

    def _submit(self, name: str, packed: bytes) -> None:
        """Make the Job and its Secret, which goes when the Job goes. What is there from a `grade` that was killed, stays –
        unless it came to nothing."""
        with self._lock:
            self._made.add(name)
        try:
            made = self._batch.create_namespaced_job(NAMESPACE, self._manifest(name))
        except ApiException as error:
            if error.status != 409:
                raise
            made = self._batch.read_namespaced_job(name, NAMESPACE)
            if _ended(made) == "Failed":
                self._batch.delete_namespaced_job(name, NAMESPACE, propagation_policy="Foreground")
                self._await_gone(name)
                made = self._batch.create_namespaced_job(NAMESPACE, self._manifest(name))
        owner = client.V1OwnerReference(api_version="batch/v1", kind="Job", name=name, uid=made.metadata.uid)
        about = client.V1ObjectMeta(name=name, owner_references=[owner])
        secret = client.V1Secret(metadata=about, immutable=True, data={"submission": b64encode(packed).decode()})
        try:
            self._core.create_namespaced_secret(NAMESPACE, secret)
        except ApiException as error:
            if error.status != 409:
                raise

    def _await_gone(self, name: str) -> None:
        for _ in range(120):
            try:
                self._batch.read_namespaced_job(name, NAMESPACE)
            except ApiException:
                return
            time.sleep(0.5)
        raise EnvironmentProblem(f"the Job {name} of an earlier run does not go away.")

    def _events(self, name: str) -> Iterator[Any]:
        """The Job as it changes, and from time to time as it is."""
        while True:
            yield self._batch.read_namespaced_job(name, NAMESPACE)
            words = {"field_selector": f"metadata.name={name}", "timeout_seconds": _LOOK_SECONDS}
            with contextlib.suppress(HTTPError):  # a stream that broke: the question above is asked again by the client
                for event in watch.Watch().stream(self._batch.list_namespaced_job, NAMESPACE, **words):
                    yield event["object"]

    def _await(self, name: str) -> None:
        """Until the Job has ended. Raises EnvironmentProblem where it failed, or waits for what will not come."""
        for job in self._events(name):
            how = _ended(job)
            if how == "Complete":
                return
            pods = self._pods(name)
            if how:
                raise EnvironmentProblem(f"its Job failed: {_why(job, pods)}")
            for one in pods:
                self._look(one)

    def _pods(self, name: str) -> list[Any]:
        selector = f"batch.kubernetes.io/job-name={name}"
        return list(self._core.list_namespaced_pod(NAMESPACE, label_selector=selector).items)

    def _look(self, one: Any) -> None:
        """Say once why pods wait. Raises EnvironmentProblem where waiting is for nothing."""
        for state in one.status.container_statuses or []:
            waiting = state.state.waiting
            if waiting and waiting.reason in _REFUSED:
                raise EnvironmentProblem(f"its pod does not start: {waiting.reason}: {waiting.message}")
        for condition in one.status.conditions or []:
            if condition.type == "PodScheduled" and condition.status == "False":
                with self._lock:
                    if condition.message not in self._said:
                        self._said.add(condition.message)
                        console.say(f"– pods wait for a node: {condition.message}")

    def _log(self, name: str) -> str:
        done = [one.metadata.name for one in self._pods(name) if one.status.phase == "Succeeded"]
        if not done:
            raise EnvironmentProblem("its pod is gone, and its verdict with it.")
        return str(self._core.read_namespaced_pod_log(done[0], NAMESPACE, limit_bytes=pod.LARGEST))


def _client(context: str, file: str) -> client.ApiClient:
    """A client of that cluster with a connection for every Job that is followed, patient with an API that is away for
    some seconds."""
    settings = client.Configuration()
    try:
        config.load_kube_config(file, context, settings, persist_config=False)
    except config.ConfigException as error:
        raise EnvironmentProblem(f"there is no cluster '{context}' in {file}: {error}") from None
    settings.connection_pool_maxsize, settings.retries = 2 * JOBS, Retry(total=6, backoff_factor=0.5)
    return client.ApiClient(settings)


def _ended(job: Any) -> str:
    """`Complete` or `Failed`; empty while it runs."""
    conditions = job.status.conditions or []
    return next((one.type for one in conditions if one.status == "True" and one.type in {"Complete", "Failed"}), "")


def _why(job: Any, pods: list[Any]) -> str:
    told = [one.status.message or one.status.reason for one in pods if one.status.message or one.status.reason]
    return str(told[-1] if told else next(one.message for one in job.status.conditions if one.type == "Failed"))
