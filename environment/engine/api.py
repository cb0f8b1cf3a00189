"""Just enough of the Engine API, over its Unix socket, to find out who answers before any client library is installed."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def get(host: str, path: str, *, timeout: float = 5.0) -> Any:
    """GET `path` from the engine at `host` (`unix:///…` or `tcp://…`) and decode the JSON answer.

    Raises OSError (PermissionError where the socket is closed to us) or ValueError when it does not answer as an engine.
    """
    if host.startswith("unix://"):
        connection: http.client.HTTPConnection = _UnixConnection(host.removeprefix("unix://"), timeout)
    else:
        connection = http.client.HTTPConnection(host.removeprefix("tcp://"), timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"{host} does not speak HTTP: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"{host}{path} answered {answer.status}")
    return json.loads(body)


def version(host: str, *, timeout: float = 5.0) -> dict[str, Any] | None:
    """What `docker version` would say of the server at `host`; None when nothing usable answers."""
    if host.startswith("unix://") and not Path(host.removeprefix("unix://")).exists():
        return None
    try:
        found = get(host, "/version", timeout=timeout)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
