"""Expectations about what a mesh does when calls fail, hang or come in crowds. Seen at the caller and counted at the server."""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping

from helpers import kube, mesh, mesh_rules
from helpers.checks.verdict import Expectation, Seen

_SHOW = "`kubectl get virtualservices,destinationrules,envoyfilters -o yaml`"
_TRIED = 18
_COUNT = re.compile(r'^shop_requests_total\{[^}]*path="([^"]+)"[^}]*status="(\d+)"[^}]*\} ([\d.]+)', re.MULTILINE)


def _judged(right: bool, text: str, host: str, patience: float = 2.5) -> Seen:
    """A state; a wrong one says what is wrong with the rules for `host`, and is waited for while a rule is young."""
    if right:
        return Seen(True, text)
    rules = mesh_rules.current(*mesh_rules.ROUTES, "EnvoyFilter")
    wrong = [fault for fault in mesh_rules.faults(host, rules) if not fault.startswith("no VirtualService")]
    return Seen(False, text, moving=mesh_rules.young(host, rules), evidence="; ".join(wrong), patience=patience)


def _counted(source: str, app: str, path: str) -> dict[int, int]:
    """How often the shop behind app=`app` answered on `path`, by status, as it counts itself."""
    [told] = mesh.call(source, f"http://{app}:8000/metrics").calls
    counts: dict[int, int] = {}
    for where, status, number in _COUNT.findall(told.text):
        if where == path:
            counts[int(status)] = counts.get(int(status), 0) + round(float(number))
    return counts


class ResilienceCheck:
    """What can be expected of calls to the Service `host` when something goes wrong."""

    def __init__(self, host: str, source: str, port: int) -> None:
        self._host, self._source, self._base = host, source, f"http://{host}:{port}"

    def _expect(self, words: str, probe: Callable[[], Seen], points: float, hint: str) -> Expectation:
        return Expectation(f"calls from {self._source} to {self._host} {words}", probe, points, hint)

    def are_retried(
        self, server: str, path: str = "/api/products", points: float = 1, hint: str = _SHOW
    ) -> Expectation:
        """All of 18 calls are answered well, though the server – the pod of app=`server` – failed on some: so it was asked
        more often than 18 times."""

        def look() -> Seen:
            before = _counted(self._source, server, path)
            seen = mesh.call(self._source, self._base + path, _TRIED).statuses()
            after = _counted(self._source, server, path)
            failed = sum(number - before.get(status, 0) for status, number in after.items() if status >= 500)
            asked = sum(after.values()) - sum(before.values())
            right = seen == {200: _TRIED} and failed > 0 and asked > _TRIED
            return _judged(
                right, f"{_told(seen)}; the server was asked {asked} times and failed {failed} times", self._host
            )

        return self._expect("are all answered, though the server fails on some", look, points, hint)

    def time_out(self, seconds: float, points: float = 1, hint: str = _SHOW) -> Expectation:
        """A call that would take twice as long as `seconds` ends about then with 504; a quick one is answered."""

        def look() -> Seen:
            quick = mesh.call(self._source, f"{self._base}/api/version")
            slow = mesh.call(self._source, f"{self._base}/api/slow?seconds={2 * seconds}")
            took = slow.calls[0].seconds
            in_time = 0.8 * seconds <= took <= 1.5 * seconds
            right = in_time and slow.statuses() == {504: 1} and quick.statuses() == {200: 1}
            text = f"a slow call ends after {took:.1f} s with {_told(slow.statuses())}, a quick one with {_told(quick.statuses())}"
            return _judged(right, text, self._host)

        return self._expect(f"are given up after {seconds:g} s, and quick ones are answered", look, points, hint)

    def overflow(self, most: int, points: float = 1, hint: str = _SHOW) -> Expectation:
        """Of a crowd of 16 slow calls at once at most `most` are let through, at least one is; the others are refused by the
        proxy within the time of one answer (503). One call by itself is answered."""

        def look() -> Seen:
            alone = mesh.call(self._source, f"{self._base}/api/version", 1)
            crowd = mesh.burst(self._source, f"{self._base}/api/slow?seconds=0.8", 16)
            seen = crowd.statuses()
            early = [one for one in crowd.calls if one.status == 503 and one.seconds < 0.7]
            right = alone.statuses() == {200: 1} and 1 <= seen.get(200, 0) <= most
            right = right and len(early) == 16 - seen.get(200, 0)
            return _judged(right, f"of 16 at once: {_told(seen)}; one alone: {_told(alone.statuses())}", self._host)

        return self._expect("in a crowd are refused at once, but for a few", look, points, hint)

    def leave_out(self, path: str = "/api/products", points: float = 1, hint: str = _SHOW, *, bad: str) -> Expectation:
        """Once calls failed, the Deployment `bad` – which still runs, and is still behind the Service – gets none any more."""

        def look() -> Seen:
            if not kube.get("Deployment", bad).get("status", {}).get("availableReplicas"):
                return Seen(False, f"Deployment '{bad}' has no pod that is ready: nothing proves a thing")
            mesh.call(self._source, self._base + path, 20)
            seen = mesh.call(self._source, self._base + path, 30).statuses()
            return _judged(seen == {200: 30}, f"of 30 calls, after 20 that could fail: {_told(seen)}", self._host)

        return self._expect(f"leave {bad}, which fails and runs, out", look, points, hint)

    def fail_on_purpose(
        self, status: int, headers: dict[str, str], points: float = 1, hint: str = _SHOW
    ) -> Expectation:
        """Calls with these headers get this status from the proxy – the server never sees them –, all others an answer."""

        def look() -> Seen:
            marked = mesh.call(self._source, f"{self._base}/api/version", 8, headers=headers)
            plain = mesh.call(self._source, f"{self._base}/api/version", 8)
            made_up = all("fault filter abort" in one.text for one in marked.calls)
            right = marked.statuses() == {status: 8} and made_up and plain.statuses() == {200: 8}
            text = f"with it: {_told(marked.statuses())}, without: {_told(plain.statuses())}"
            return _judged(right, text, self._host)

        words = ", ".join(f"{name}: {value}" for name, value in headers.items())
        return self._expect(f"fail with {status} where they carry {words}, and only there", look, points, hint)

    def are_limited(self, most: int, refill: float, points: float = 1, hint: str = _SHOW) -> Expectation:
        """Of 20 calls in a row the first `most` are answered and all others told 429: after two fills – `refill` seconds
        each – in which nobody called. So it is seen that the bucket is filled, and that no more goes in; by further calls
        within one fill, that it is not filled faster.

        Envoy gives tokens back one by one, not all at once: those that come while it is being asked are allowed for.
        """

        def ask() -> list[int]:
            return [one.status for one in mesh.call(self._source, f"{self._base}/api/version", 20).calls]

        def filled(began: float, seen: list[int]) -> bool:
            came = int((time.monotonic() - began) * most / refill)
            return seen[:most] == [200] * most and set(seen) == {200, 429} and seen.count(200) <= most + came

        def again(began: float) -> Seen:
            more = 0
            for _ in range(2):
                time.sleep(0.4 * refill)
                more += ask().count(200)
            passed = time.monotonic() - began
            text = f"of 20 calls {most} were answered; of 40 more, all within {passed:.1f} s, {more}"
            return _judged(more <= most * (1 + passed // refill), text, self._host)

        def look() -> Seen:
            seen = ask()
            # Without a limit there is nothing to wait for, unless it is so new that the proxy may not know it.
            if 429 in seen or mesh_rules.young(self._host, mesh_rules.current("EnvoyFilter")):
                time.sleep(2 * refill + 0.5)
                began, seen = time.monotonic(), ask()
                if filled(began, seen):
                    return again(began)
            return _judged(False, f"of 20 calls: {_told(dict(sorted(Counter(seen).items())))}", self._host)

        return self._expect(f"are answered {most} times, and then told 429", look, points, hint)


def _told(statuses: Mapping[int, int]) -> str:
    return ", ".join(f"{count} × {status or 'no answer'}" for status, count in statuses.items())


def trouble(host: str, *, source: str = "visitor", port: int = 8000) -> ResilienceCheck:
    """What can be expected of calls when something goes wrong: `trouble("api").time_out(0.5)`."""
    return ResilienceCheck(host, source, port)
