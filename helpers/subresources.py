"""What the API server offers of an object besides the object: a pod's log, a command run in it, a Service reached through it.

Spoken without the client's generated classes: loading those takes one to two seconds, in every kernel and every check.
"""

import re
from collections.abc import Sequence
from typing import Any

from kubernetes import client as api
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

from helpers.connection import fresh_client

Query = Sequence[tuple[str, Any]]


def path_of(plural: str, name: str, namespace: str, part: str) -> str:
    """The API's path of a part of a core object: `path_of("pods", "web", "shop", "log")`."""
    return f"/api/v1/namespaces/{namespace}/{plural}/{name}/{part}"


class _Socket:
    """A request that `stream` can turn into a WebSocket: it looks for the client where generated classes have it."""

    def __init__(self, api_client: api.ApiClient) -> None:
        self.api_client = api_client

    def ask(self, path: str, query: Query, **_: Any) -> Any:
        request = self.api_client.param_serialize(
            "GET",
            path,
            query_params=list(query),
            header_params={"Accept": "*/*"},
            auth_settings=["BearerToken"],
            collection_formats={"command": "multi"},
        )
        return self.api_client.call_api(*request).response


def execute(pod: str, namespace: str, command: Sequence[str], container: str, seconds: float) -> tuple[int, str]:
    """Run a command in a pod; return its exit status (124 where it took longer than `seconds`) and output.

    Raises the client's ApiException.
    """
    query = [("command", list(command)), ("stdout", True), ("stderr", True), ("stdin", False), ("tty", False)]
    query += [("container", container)] if container else []
    path = path_of("pods", pod, namespace, "exec")
    try:
        flow = stream(_Socket(fresh_client()).ask, path, query, _preload_content=False)
    except ApiException as error:
        refused = re.search(r"Handshake status (\d+)", str(error.reason))
        raise ApiException(status=int(refused[1]), reason="it can't run commands") if refused else error from None
    flow.run_forever(timeout=seconds)
    # In this order: reading all output throws the status away.
    try:
        status = flow.returncode if not flow.is_open() else None
    except ValueError as error:
        # Where a status should be there is what went wrong: the container has no such program.
        raise ApiException(status=400, reason=str(error).partition(": ")[2].strip("'")) from None
    output = flow.read_all()
    flow.close()
    return (124 if status is None else int(status)), str(output)
