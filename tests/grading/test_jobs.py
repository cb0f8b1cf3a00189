"""A class judged by Jobs on a cluster, with an account that may do only that; `grade` is killed in the middle of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from environment import labenv
from environment.cluster import kind, loading, local_registry
from environment.errors import EnvironmentProblem
from environment.grading import jobs
from environment.images import supply
from tests.grading import instructor
from tests.grading.instructor import FULL, LESSON, WORTH

_REGISTRY, _SHAPE, _ACCOUNT = "course-test-jobs", "single", "teacher"
#: The course, what the second `grade` said, Jobs that were there when the first was killed, and all that were seen (by uid).
Graded = tuple[Path, str, dict[str, dict[str, Any]], dict[str, dict[str, Any]]]
_HONEST = ("site", "greeter")


def _kubectl(*words: str, stdin: str = "") -> str:
    return kind.kubectl(_SHAPE, *words, stdin=stdin, seconds=120)


def _kubeconfig(folder: Path) -> Path:
    """A kubeconfig of somebody who may grade, and nothing else."""
    _kubectl("create", "serviceaccount", _ACCOUNT, "--namespace", "default")
    binding = ["rolebinding", _ACCOUNT, "--role=grade", f"--serviceaccount=default:{_ACCOUNT}"]
    _kubectl("create", *binding, "--namespace", jobs.NAMESPACE)
    document = json.loads(_kubectl("config", "view", "--minify", "--raw", "--output=json"))
    document["users"][0]["user"] = {"token": _kubectl("create", "token", _ACCOUNT, "--namespace", "default").strip()}
    file = folder / "kubeconfig"
    file.write_text(json.dumps(document))
    return file


def _forget_image(repository: str) -> None:
    """It is as large as an engine with all its tools: neither this engine nor the node needs it any longer."""
    names = f"ctr --namespace k8s.io images list --quiet name~={repository}"
    script = f"{names} | xargs --no-run-if-empty ctr --namespace k8s.io images remove"
    for node in kind.nodes(_SHAPE):
        supply.docker("exec", node, "sh", "-c", script)
    supply.docker("rmi", "--force", f"{repository}:{LESSON}")


@pytest.fixture(scope="module")
def registry(engine: None) -> Iterator[str]:
    """A registry that this machine and the cluster's nodes reach by the same name."""
    reference = supply.ensure("registry")
    supply.docker("run", "--detach", "--name", _REGISTRY, "--publish", "127.0.0.1::5000", reference)
    try:
        kind.up(_SHAPE)
        local_registry.attach(_REGISTRY, _SHAPE)
        # Only now: Docker may publish another port when a container joins another network.
        port = supply.docker("port", _REGISTRY, "5000").split()[0].rpartition(":")[2]
        yield f"localhost:{port}"
    finally:
        supply.docker("rm", "--force", "--volumes", _REGISTRY)


@pytest.fixture(scope="module")
def cluster(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A cluster prepared as docs/grading.md says; the variables with which `grade` finds it."""
    _kubectl("label", "node", "--all", "containers-course.grading=true")
    _kubectl("apply", "--filename", str(jobs.PLACE))
    file = _kubeconfig(tmp_path_factory.mktemp("account"))
    try:
        yield {"COURSE_KUBECONFIG": str(file)}
    finally:
        _kubectl("delete", "namespace", jobs.NAMESPACE)
        _kubectl("delete", "serviceaccount", _ACCOUNT, "--namespace", "default")
        _kubectl("label", "node", "--all", "containers-course.grading-")
        local_registry.forget([int(registry.rpartition(":")[2])], _SHAPE)
        _forget_image(f"{registry}/judge")
        kind.pause(_SHAPE)


def _jobs() -> dict[str, dict[str, Any]]:
    """The Jobs that there are, by uid."""
    found = json.loads(_kubectl("get", "jobs", "--namespace", jobs.NAMESPACE, "--output=json"))["items"]
    return {job["metadata"]["uid"]: job for job in found}


def _until_two_jobs(running: "subprocess.Popen[str]") -> dict[str, dict[str, Any]]:
    """Until the reference's Job has ended, and another one is there."""
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline and running.poll() is None:
        found = _jobs()
        if len(found) > 1:
            return found
        time.sleep(0.5)
    raise AssertionError(f"no second Job appeared: {running.communicate(timeout=10)[0] if running.poll() else found}")


@pytest.fixture(scope="module")
def graded(cluster: dict[str, str], registry: str, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """A class that was graded by two runs of `grade`, the first of them killed."""
    course, box = instructor.copy(tmp_path_factory.mktemp("instructor")), tmp_path_factory.mktemp("inbox")
    for student, handed_in in {
        "ada": instructor.notebook(),
        "mount": instructor.attacked("mount-the-root", _HONEST),
        "reach": instructor.attacked("reach-a-network", _HONEST),
        "eve": instructor.attacked("kill-the-engine", _HONEST),
    }.items():
        (box / f"{student}.ipynb").write_text(json.dumps(handed_in))
    words = ["--on", kind.context_of(_SHAPE), "--repository", f"{registry}/judge"]
    command = [sys.executable, "-m", "environment", "grade", LESSON, *words]
    place, variables = str(course), instructor.environment(course) | cluster

    def start(*more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*command, *more], cwd=place, env=variables, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    first = start("--from", str(box))
    early = _until_two_jobs(first)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    second, seen = start(), dict(early)
    while second.poll() is None:
        seen |= _jobs()
        time.sleep(0.5)
    return course, second.communicate()[0], early, seen


def test_everybody_gets_what_they_deserve(graded: Graded) -> None:
    course, told, _, _ = graded
    assert instructor.marks(course) == {"ada": FULL, "mount": WORTH, "reach": WORTH}, told
    assert "✗ eve: 2-03-containers: the lab's engine ended" in told


def test_a_killed_grade_finds_its_jobs_again(
    graded: Graded,
) -> None:
    _, told, early, seen = graded
    names = [job["metadata"]["name"] for job in seen.values()]
    assert len(early) >= 2, told
    assert len(set(names)) == len(names), "something was judged twice"
    assert len(names) == 4, "ada handed in the reference solution: one Job for both"


def test_nothing_of_a_class_stays_in_the_cluster(graded: Graded) -> None:
    assert graded
    left = "jobs,pods,secrets"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = _kubectl("get", left, "--namespace", jobs.NAMESPACE, "--output=name").split()
        if not found:
            return
        time.sleep(1)
    raise AssertionError(f"left: {found}")


def test_what_is_missing_is_named_before_anything_is_made(
    cluster: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = cluster["COURSE_KUBECONFIG"]
    with pytest.raises(EnvironmentProblem, match="there is no cluster 'nowhere' in"):
        jobs.Jobs(LESSON, "image", "nowhere", file)
    monkeypatch.setattr(jobs, "NAMESPACE", "default")
    with pytest.raises(EnvironmentProblem, match="lets us make no Jobs in the namespace default: Forbidden") as caught:
        jobs.Jobs(LESSON, "image", kind.context_of(_SHAPE), file)
    assert "place.yaml" in caught.value.remedy


def test_who_grades_may_do_nothing_else(cluster: dict[str, str]) -> None:
    def may(verb: str, what: str, namespace: str) -> bool:
        words = ["kubectl", "auth", "can-i", verb, what, "--namespace", namespace]
        environment = labenv.lab() | {"KUBECONFIG": cluster["COURSE_KUBECONFIG"]}
        return subprocess.run(words, env=environment, capture_output=True).returncode == 0

    assert may("create", "jobs", jobs.NAMESPACE)
    assert not may("get", "secrets", jobs.NAMESPACE)
    assert not may("create", "jobs", "default")
    assert not may("get", "nodes", "default")


def test_a_pod_reaches_nothing(graded: Graded) -> None:
    """Also not the API of its cluster, which any other pod reaches."""
    assert graded
    image = supply.ensure("busybox")
    loading.load(_SHAPE, image)
    reached = {}
    for namespace in ("default", jobs.NAMESPACE):
        script = "nc -w 3 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT < /dev/null 2> /dev/null && echo reached || echo not"
        words = ["run", "probe", f"--image={image}", "--image-pull-policy=Never", "--restart=Never"]
        _kubectl(*words, "--namespace", namespace, "--", "sh", "-c", f"sleep 3; {script}")
        _kubectl(
            "wait", "pod/probe", "--namespace", namespace, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"
        )
        reached[namespace] = _kubectl("logs", "probe", "--namespace", namespace).split()
        _kubectl("delete", "pod", "probe", "--namespace", namespace, "--grace-period=0", "--force")
    assert reached == {"default": ["reached"], jobs.NAMESPACE: ["not"]}
