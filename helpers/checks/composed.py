"""Expectations about services that Docker Compose runs."""

from helpers import owning
from helpers.checks.docker import ContainerCheck
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import NotFound


class ServiceCheck(ContainerCheck):
    """What can be expected of the first container of a service – all that can be of any container – and of the service."""

    def __init__(self, project: str, service: str) -> None:
        super().__init__(f"{project}-{service}-1")
        self._project, self._service = project, service

    def has_replicas(self, count: int, points: float = 1, hint: str = "`docker compose ps`") -> Expectation:
        """Exactly that many of its containers run."""

        def look() -> Seen:
            boxes = [
                box
                for box in owning.of_project(self._project)
                if box.name.startswith(f"{self._project}-{self._service}-")
            ]
            running = [box.name for box in boxes if box.state == "running"]
            return Seen(len(running) == count, f"{len(running)} run: {', '.join(sorted(running)) or 'none'}")

        return Expectation(f"{count} containers of the service '{self._service}' run", look, points, hint)

    def uses_file(
        self, name: str, points: float = 1, hint: str = "`docker compose config` shows what it reads"
    ) -> Expectation:
        """It was made from a Compose file of that name, perhaps among others."""

        def look() -> Seen:
            try:
                label = self._box.attrs["Config"]["Labels"].get("com.docker.compose.project.config_files", "")
            except NotFound:
                return Seen(False, f"there is no container '{self._name}'")
            files = [path.rsplit("/", 1)[-1] for path in label.split(",")]
            return Seen(name in files, f"it was made from: {', '.join(files)}")

        return Expectation(f"'{self._name}' was made from {name}", look, points, hint)


def service(project: str, name: str) -> ServiceCheck:
    """What can be expected of a Compose service: `service("hello", "web").is_running()`."""
    return ServiceCheck(project, name)
