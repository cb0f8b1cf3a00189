"""Expectations about a service mesh: who answers whom, in what shares, under which identity. Seen by calls, not by reading rules."""

import math
from collections.abc import Callable, Mapping

from helpers import kube, mesh, mesh_rules, pods, proxies
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import CannotTell, CourseError

_ROUTES = "`istioctl analyze -n $NAMESPACE`, `kubectl get virtualservices,destinationrules,httproutes`"
_ALL = 12
_SHARED = 160
#: How many standard deviations a share may be off: a right one is judged wrong once in 16,000 times.
_SIGMAS = 4.0
#: curl's words for a connection that was made, and ended by the other side before an answer.
_ENDED = {52, 56}


def _judged(right: bool, text: str, name: str) -> Seen:
    """What workload `name` lets in; a wrong state is waited for while a rule is young."""
    # What is on its way may look the same for a while, then turn.
    moving = not right and mesh_rules.young(name, mesh_rules.current(*mesh_rules.ACCESS))
    return Seen(right, text, moving=moving, patience=2.5)


class CallsCheck:
    """What can be expected of calls to the Service `host`, made by the pod of the app `source`."""

    def __init__(self, host: str, source: str, path: str, port: int) -> None:
        self._host, self._source, self._url = host, source, f"http://{host}:{port}{path}"

    def _sample(self, count: int, headers: Mapping[str, str] | None = None, method: str = "GET") -> mesh.Sample:
        return mesh.call(self._source, self._url, count, headers=headers, method=method)

    def _judged(self, right: bool, text: str) -> Seen:
        if right:
            return Seen(True, text)
        rules = mesh_rules.current(*mesh_rules.ROUTES)
        wrong = "; ".join(mesh_rules.faults(self._host, rules))
        return Seen(False, text, moving=mesh_rules.young(self._host, rules), evidence=wrong, patience=2.5)

    def _expect(self, words: str, look: Callable[[], Seen], points: float, hint: str) -> Expectation:
        return Expectation(f"calls from {self._source} to {self._host} {words}", look, points, hint)

    def reach(self, version: str, points: float = 1, hint: str = _ROUTES, *, while_runs: str) -> Expectation:
        """All calls are answered by this version, though the Deployment `while_runs`, which could answer too, runs."""

        def look() -> Seen:
            if not kube.get("Deployment", while_runs).get("status", {}).get("availableReplicas"):
                return Seen(False, f"Deployment '{while_runs}' has no pod that is ready")
            seen = self._sample(_ALL)
            right = seen.versions() == {version: _ALL}
            return self._judged(right, f"{seen}".strip("<>"))

        return self._expect(f"are answered by {version} alone, while {while_runs} runs", look, points, hint)

    def tell_apart(
        self, headers: Mapping[str, str], special: str, ordinary: str, points: float = 1, hint: str = _ROUTES
    ) -> Expectation:
        """Calls with these headers are answered by `special`, all others by `ordinary`."""

        def look() -> Seen:
            marked = self._sample(_ALL, headers)
            if marked.versions() != {special: _ALL}:
                return self._judged(False, f"with it: {marked}".replace("<", "").replace(">", ""))
            plain = self._sample(_ALL)
            text = f"with it: {marked}, without: {plain}".replace("<", "").replace(">", "")
            return self._judged(plain.versions() == {ordinary: _ALL}, text)

        words = ", ".join(f"{name}: {value}" for name, value in headers.items())
        return self._expect(f"reach {special} with the header {words}, and {ordinary} without", look, points, hint)

    def split(self, points: float = 1, hint: str = _ROUTES, **shares: int) -> Expectation:
        """The versions get these shares of the calls, in percent, within four standard deviations of what chance does."""

        def look() -> Seen:
            versions = self._sample(_SHARED).versions()
            right = set(versions) == set(shares)
            for version, share in shares.items():
                wanted = _SHARED * share / 100
                bound = _SIGMAS * math.sqrt(wanted * (1 - share / 100))
                right = right and abs(versions.get(version, 0) - wanted) <= bound
            text = f"of {_SHARED} calls: " + ", ".join(f"{count} × {name}" for name, count in versions.items())
            return self._judged(right, text)

        words = ", ".join(f"{share} % by {version}" for version, share in shares.items())
        return self._expect(f"are answered {words}", look, points, hint)


class IdentityCheck:
    """What can be expected of the workload `app`: its place in the mesh, and whom it lets in."""

    def __init__(self, app: str, port: int) -> None:
        self._app, self._url = app, f"http://{app}:{port}/api/version"

    def has_joined(
        self, points: float = 1, hint: str = "`kubectl get pods`: 2/2 where a proxy runs beside"
    ) -> Expectation:
        """Its newest pod is ready, and its proxy has a certificate in the name of its service account."""

        def look() -> Seen:
            found = mesh.pod_of(self._app)
            now = pods.state(found)
            account = found["spec"].get("serviceAccountName", "default")
            wanted = f"/ns/{found['metadata']['namespace']}/sa/{account}"
            try:
                shown = proxies.certificate(self._app)
            except CannotTell:
                raise
            except CourseError as error:
                return Seen(False, error.what, now.moving, now.evidence)
            right = now.ready and shown.identity.endswith(wanted)
            return Seen(right, f"{now.text}; its proxy is {shown.identity}", now.moving, now.evidence)

        return Expectation(f"'{self._app}' is in the mesh, with a certificate of its own", look, points, hint)

    def takes_only_the_mesh(
        self, member: str, stranger: str, points: float = 1, hint: str = "`kubectl get peerauthentications -o yaml`"
    ) -> Expectation:
        """`member`, which has a proxy, is answered; `stranger`, which has none and speaks plain HTTP, is not."""

        def look() -> Seen:
            inside, outside = mesh.call(member, self._url, 3), mesh.call(stranger, self._url, 3)
            # Whom the network keeps away comes to no connection, and learns nothing of what the proxy takes.
            refused = {one.failure for one in outside.calls} <= _ENDED
            right = inside.statuses() == {200: 3} and outside.statuses() == {0: 3} and refused
            kept = "" if refused or 0 not in outside.statuses() else " (it comes to no connection at all)"
            text = f"{member} gets {_told(inside)}, {stranger}, in plain text, gets {_told(outside)}{kept}"
            return _judged(right, text, self._app)

        words = f"'{self._app}' answers {member} by mutual TLS, and nobody who speaks plain text"
        return Expectation(words, look, points, hint)

    def lets_in(
        self, allowed: str, denied: str, points: float = 1, hint: str = "`kubectl get authorizationpolicies -o yaml`"
    ) -> Expectation:
        """`allowed` is answered, `denied` is told 403 by the proxy; both are in the mesh."""
        words = f"'{self._app}' answers {allowed}, and denies {denied} (403)"
        return self._decides(words, (allowed, "GET", allowed), (denied, "GET", denied), points, hint)

    def denies(
        self, source: str, method: str, points: float = 1, hint: str = "`to: [{operation: {methods: [GET]}}]`"
    ) -> Expectation:
        """`source` may GET, and is told 403 for `method`."""
        words = f"'{self._app}' lets {source} GET, and no {method}"
        return self._decides(words, (source, "GET", "GET"), (source, method, method), points, hint)

    def _decides(
        self, words: str, good: tuple[str, str, str], bad: tuple[str, str, str], points: float, hint: str
    ) -> Expectation:
        """The calls `good` are answered and the calls `bad` told 403; each is (source, method, what it is called)."""

        def look() -> Seen:
            seen = [mesh.call(source, self._url, 3, method=method) for source, method, _ in (good, bad)]
            right = [one.statuses() for one in seen] == [{200: 3}, {403: 3}]
            text = f"{good[2]} gets {_told(seen[0])}, {bad[2]} gets {_told(seen[1])}"
            return _judged(right, text, self._app)

        return Expectation(words, look, points, hint)


def _told(sample: mesh.Sample) -> str:
    return " and ".join(str(status) if status else "no answer" for status in sample.statuses())


def calls(host: str, *, source: str = "visitor", path: str = "/api/version", port: int = 8000) -> CallsCheck:
    """What can be expected of calls to a Service: `calls("api").split(v1=80, v2=20)`."""
    return CallsCheck(host, source, path, port)


def member(app: str, *, port: int = 8000) -> IdentityCheck:
    """What can be expected of a workload in the mesh: `member("ledger").has_joined()`."""
    return IdentityCheck(app, port)
