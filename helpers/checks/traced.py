"""Expectations about traces: which workloads one call is seen to go through."""

import time

from helpers import kube, mesh, tracing
from helpers.checks.verdict import Expectation, Seen

#: Proxies send their spans on in batches, and hear of a new rule one after the other: a call is made again every few
#: seconds, and its trace waited for, in seconds.
_AGAIN, _ON_THE_WAY = 3.0, 14.0


class TraceCheck:
    """What can be expected of the traces of calls from `source` to `url`."""

    def __init__(self, url: str, source: str) -> None:
        self._url, self._source = url, source
        self._began = self._called_at = 0.0

    def go_through(
        self, *services: str, points: float = 1, hint: str = "`kubectl get telemetries -o yaml`"
    ) -> Expectation:
        """A call made now leaves one trace that has spans of all these workloads."""

        def look() -> Seen:
            if time.time() - self._called_at > _AGAIN:
                self._called_at = time.time()
                self._began = self._began or self._called_at
                mesh.call(self._source, self._url, 5)
            mine = [one for one in tracing.traces(self._source) if one.spans[0].start / 1e6 >= self._began - 1]
            best = max(mine, key=lambda one: len(set(services) & set(one.services())), default=None)
            right = best is not None and set(services) <= set(best.services())
            text = f"a trace of it goes through {', '.join(best.services())}" if best else "it left no trace"
            # Where nobody asks for traces, none is on its way.
            young = time.time() - self._began < _ON_THE_WAY and bool(kube.ls("Telemetry", everywhere=True))
            return Seen(right, text, moving=not right and young, patience=_ON_THE_WAY)

        return Expectation(f"a call to {self._url} leaves one trace, through {', '.join(services)}", look, points, hint)


def trace(url: str, *, source: str = "visitor") -> TraceCheck:
    """What can be expected of traces: `trace("http://web:8000/").go_through("web", "api")`."""
    return TraceCheck(url, source)
