"""Networks: `create`, `get`, `ls`, and who reaches whom."""

import docker.errors

from environment import versions
from helpers.engine import LABEL, client
from helpers.errors import CannotTell
from helpers.named import Named

#: Connects, runs `true` on the connection and ends: busybox's nc knows no -z everywhere.
_PROBE = 'timeout 3 nc -w 2 "$1" "$2" -e true'


class Network(Named):
    """One network, known by name."""

    kind = "network"

    def members(self) -> dict[str, str]:
        """Names of the running containers in it, with their IPv4 addresses."""
        self.raw.reload()
        rows = self.attrs["Containers"] or {}
        return {row["Name"]: row["IPv4Address"].split("/")[0] for row in rows.values()}


def reaches(name: str, host: str, port: int) -> tuple[bool, str]:
    """Whether a TCP connection from inside container `name`'s network to `host`:`port` succeeds within 2 s, and what was seen.

    It is asked by a second container in the same network namespace, so the first one needs no tools. Raises CannotTell.
    """
    command = ["sh", "-c", _PROBE + " 2>&1", "sh", host, str(port)]
    try:
        box = client().containers.create(
            versions.image("busybox"), command, network_mode=f"container:{name}", labels={LABEL: "helper"}
        )
    except docker.errors.APIError as error:
        raise CannotTell(f"no probe could be started beside '{name}': {error.explanation}") from None
    try:
        box.start()
        ok = box.wait(timeout=20)["StatusCode"] == 0
        told = box.logs().decode(errors="replace").strip().splitlines()
    except docker.errors.APIError as error:
        raise CannotTell(f"the probe beside '{name}' failed: {error.explanation}") from None
    finally:
        box.remove(force=True)
    return ok, f"the connection to {host}:{port} " + (
        "succeeded" if ok else f"failed: {told[-1] if told else 'no answer'}"
    )


create = Network.ensure
get = Network.find
ls = Network.every
