"""A port of this machine that leads into the cluster, for as long as a block lasts: `kubectl port-forward`."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from environment import labenv
from helpers import kube
from helpers.connection import kubeconfig
from helpers.errors import CourseError

_READY = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


@contextmanager
def to(target: str, port: int | str, *, namespace: str = "") -> Iterator[int]:
    """A free loopback port that leads to a port (number or name) of `pod/web`, `service/web` or `deployment/web`.

    Raises CourseError with kubectl's message, for instance that there is no such object, or no pod of it runs.

    >>> with to("service/web", 80) as number:  # doctest: +SKIP
    ...     wait.http(number)
    """
    where = namespace or kube.current_namespace()
    command = ["kubectl", "--namespace", where, "port-forward", "--address", "127.0.0.1", target, f":{port}"]
    environment = labenv.lab() | {"KUBECONFIG": kubeconfig()}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout  # noqa: S101 - it is a pipe
            told = process.stdout.readline()
            ready = _READY.match(told)
            if not ready:
                words = told.strip().removeprefix("error: ").removeprefix("Error from server (NotFound): ")
                raise CourseError(f"no way leads to {target}: {words}", f"`kubectl get {target}`")
            yield int(ready[1])
        finally:
            process.terminate()
