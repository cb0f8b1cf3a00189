"""Expectations about networks, and about who reaches whom."""

from helpers import containers, networks
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import CourseError
from helpers.lessons import attached


class NetworkCheck:
    """What can be expected of the network `name`."""

    def __init__(self, name: str) -> None:
        self._network = networks.Network(name)
        self._name = name

    def exists(
        self, driver: str = "", points: float = 1, hint: str = "`docker network ls` lists all there are"
    ) -> Expectation:
        """It is there, made by this driver where one is named."""

        def look() -> Seen:
            found = self._network.attrs["Driver"]
            return Seen(driver in {"", found}, f"its driver is '{found}'")

        return Expectation(
            f"there is a network '{self._name}'{f' of driver {driver}' if driver else ''}", look, points, hint
        )

    def is_internal(self, points: float = 1, hint: str = "`docker network create --help`") -> Expectation:
        """No way leads out of it."""

        def look() -> Seen:
            closed = bool(self._network.attrs["Internal"])
            return Seen(closed, "it is internal" if closed else "it has a way out")

        return Expectation(f"the network '{self._name}' is internal", look, points, hint)

    def has_subnet(self, subnet: str, points: float = 1, hint: str = "`--subnet`") -> Expectation:
        """Its address range is `subnet`."""

        def look() -> Seen:
            found = [row["Subnet"] for row in self._network.attrs["IPAM"]["Config"] or []]
            return Seen(subnet in found, f"its range is {', '.join(found) or 'not set'}")

        return Expectation(f"the network '{self._name}' has the range {subnet}", look, points, hint)

    def was_removed(self, points: float = 1, hint: str = "`docker network ls`") -> Expectation:
        """It existed since the lesson was opened, and is gone."""

        def look() -> Seen:
            if self._network.is_there:
                return Seen(False, "it is still there")
            known = "create" in self._network.events(attached().opened_at)
            return Seen(known, "it was made, and is gone" if known else "it was never made")

        return Expectation(f"the network '{self._name}' was made and later removed", look, points, hint)


class ConnectionCheck:
    """Whom the container `name` reaches over TCP; asked from inside its own network, whatever tools it has."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _ask(self, host: str, port: int) -> tuple[bool, str]:
        box = containers.get(self._name)
        if box.state != "running":
            raise CourseError(f"container '{self._name}' is {box.state}, so nothing can be asked from it")
        return networks.reaches(self._name, host, port)

    def reaches(self, host: str, port: int, points: float = 1, hint: str = "are both in one network?") -> Expectation:
        """It resolves the name and connects."""
        words = f"'{self._name}' reaches {host}:{port}"
        return Expectation(words, lambda: Seen(*self._ask(host, port)), points, hint)

    def cannot_reach(
        self, other: str, port: int, points: float = 1, hint: str = "do they share a network?"
    ) -> Expectation:
        """It runs, the container `other` runs and listens on `port`, and yet there is no way from the one to the other: neither
        by name nor by any of its addresses."""

        def look() -> Seen:
            there = containers.get(other)
            if there.state != "running":
                return Seen(False, f"container '{other}' is {there.state}: nothing proves that it would be kept away")
            alone, why = networks.reaches(other, "127.0.0.1", port)
            if not alone:
                return Seen(False, f"nothing listens on port {port} of '{other}' ({why}): nothing proves a thing")
            for place in [other, *there.addresses()]:
                ok, _ = self._ask(place, port)
                if ok:
                    return Seen(False, f"'{self._name}' reaches {place}:{port}")
            return Seen(True, "neither its name nor its addresses lead there")

        return Expectation(f"'{self._name}' has no way to port {port} of '{other}', which runs", look, points, hint)


def network(name: str) -> NetworkCheck:
    """What can be expected of a network: `network("shop").exists()`."""
    return NetworkCheck(name)


def connection(name: str) -> ConnectionCheck:
    """What can be expected of the ways out of a container: `connection("web").reaches("db", 5432)`."""
    return ConnectionCheck(name)
