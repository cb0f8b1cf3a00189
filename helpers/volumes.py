"""Volumes: `create`, `get`, `ls`, `read`."""

import docker.errors

from environment import versions
from helpers.engine import LABEL, client
from helpers.errors import CannotTell
from helpers.named import Named


class Volume(Named):
    """One volume, known by name."""

    kind = "volume"

    def read(self, path: str) -> str | None:
        """The text of the file at `path` (relative to the volume's root), at most 64 KB of it; None where there is none.

        A container of its own looks, with the volume mounted read-only. Raises NotFound, CannotTell.
        """
        self.raw  # noqa: B018 - asks the engine: mounting an unknown volume would create it
        command = ["sh", "-c", 'head -c 65536 "/look/$1"', "sh", path]
        try:
            box = client().containers.create(
                versions.image("busybox"),
                command,
                network_mode="none",
                volumes=[f"{self.name}:/look:ro"],
                labels={LABEL: "helper"},
            )
        except docker.errors.APIError as error:
            raise CannotTell(f"the volume '{self.name}' could not be looked into: {error.explanation}") from None
        try:
            box.start()
            found = box.wait(timeout=20)["StatusCode"] == 0
            return str(box.logs(stderr=False).decode(errors="replace")) if found else None
        except docker.errors.APIError as error:
            raise CannotTell(f"the volume '{self.name}' could not be looked into: {error.explanation}") from None
        finally:
            box.remove(force=True)


create = Volume.ensure
get = Volume.find
ls = Volume.every
