"""Traces as a trace store (Zipkin) in the lesson's namespace has them: which workloads one call went through, and for how long."""

import json
from dataclasses import dataclass
from typing import Any

from helpers import kube, mesh
from helpers.errors import CannotTell, CourseError

STORE = "http://zipkin:9411"


@dataclass(frozen=True)
class Span:
    """One workload's part in a call: microseconds since the epoch, and how many it took."""

    service: str
    name: str
    kind: str
    start: int
    duration: int


@dataclass(frozen=True)
class Trace:
    """All spans of one call, in the order in which they began."""

    identity: str
    spans: list[Span]

    def services(self) -> list[str]:
        """The workloads it went through, each once."""
        return list(dict.fromkeys(one.service for one in self.spans))


def _span(row: dict[str, Any]) -> Span:
    service = str((row.get("localEndpoint") or {}).get("serviceName", "")).partition(".")[0]
    return Span(
        service, str(row.get("name", "")), str(row.get("kind", "")), int(row["timestamp"]), int(row.get("duration", 0))
    )


def traces(source: str = "visitor", *, limit: int = 20) -> list[Trace]:
    """The newest traces in the store, newest first; asked from the pod with the label app=`source`.

    Raises CourseError when the store does not answer.
    """
    name, program = mesh.inside(source)
    words = ["curl", "--silent", "--show-error", "--max-time", "5", f"{STORE}/api/v2/traces?limit={limit}"]
    status, output = kube.exec(name, words, container=program)
    try:
        rows = json.loads(output)
    except ValueError:
        raise CourseError(f"the trace store does not answer (status {status}): {output.strip()[:200]}") from None
    if not isinstance(rows, list):
        raise CannotTell("the trace store answers with no list of traces.")
    made = [
        Trace(str(spans[0]["traceId"]), sorted(map(_span, spans), key=lambda one: one.start)) for spans in rows if spans
    ]
    return sorted(made, key=lambda one: -one.spans[0].start)
