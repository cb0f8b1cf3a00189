"""The service mesh, seen from inside: calls made from one pod to another, and what the proxies beside them know.

A proxy is asked with its own agent (`pilot-agent request`), as `istioctl proxy-config` does.
"""

import json
import math
import re
import shlex
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from helpers import kube, pods
from helpers.errors import CourseError, NotFound
from helpers.manifests import Object
from helpers.traffic import Traffic

PROXY = "istio-proxy"
#: What one call may take, in seconds.
_SECONDS = 5
_MARK = "\x1e"
_VERSION = re.compile(r'"version":\s*"(\w+)"')


@dataclass(frozen=True)
class Call:
    """What came of one call: the HTTP status (0: none came), what answered, the seconds it took, curl's exit status."""

    status: int
    text: str
    seconds: float
    failure: int = 0

    @property
    def version(self) -> str:
        """The shop's version that answered; empty where the answer does not tell."""
        found = _VERSION.search(self.text)
        return found[1] if found else ""


@dataclass(frozen=True)
class Sample:
    """Calls made one after the other."""

    calls: list[Call]

    def versions(self) -> dict[str, int]:
        """How many calls each version answered; `no answer` for those that none did well."""
        told = Counter(call.version if call.status == 200 else "no answer" for call in self.calls)
        return dict(sorted(told.items()))

    def statuses(self) -> dict[int, int]:
        """How often each HTTP status came; 0 where none did."""
        return dict(sorted(Counter(call.status for call in self.calls).items()))

    def mean(self) -> tuple[float, float]:
        """The mean time of a call in milliseconds, and half the width of its 95 % confidence interval."""
        took = [1000 * call.seconds for call in self.calls]
        return statistics.fmean(took), 1.96 * statistics.stdev(took) / math.sqrt(len(took))

    def __repr__(self) -> str:
        parts = [f"{count} × {name or 'an answer'}" for name, count in self.versions().items()]
        odd = [f"{count} × status {status}" for status, count in self.statuses().items() if status not in {0, 200}]
        return f"<{len(self.calls)} calls: {', '.join([*parts, *odd])}>"


def pod_of(app: str) -> Object:
    """The newest pod with the label `app=…` that is not ending. Raises NotFound."""
    found = [one for one in kube.ls("Pod", selector=f"app={app}") if not one["metadata"].get("deletionTimestamp")]
    if not found:
        raise NotFound(f"there is no pod with the label app={app}.", "`kubectl get pods --show-labels`")
    return max(found, key=lambda one: str(one["metadata"]["creationTimestamp"]))


def _words(url: str, headers: Mapping[str, str], method: str) -> list[str]:
    # A connection a call: without a mesh, a kept connection would always lead to the same pod.
    words = ["curl", "--silent", "--max-time", str(_SECONDS), "--request", method, "--header", "Connection: close"]
    for name, value in headers.items():
        words += ["--header", f"{name}: {value}"]
    return [*words, "--write-out", _MARK + "%{http_code} %{time_total} %{exitcode}" + _MARK + "\\n", url]


def call(
    source: str, url: str, count: int = 1, *, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> Sample:
    """Call `url` `count` times from the pod with the label app=`source`, one call after the other.

    Raises NotFound where there is no such pod, CourseError where it can't run curl.

    >>> call("visitor", "http://api:8000/api/version", 20)  # doctest: +SKIP
    <20 calls: 11 × v1, 9 × v2>
    """
    name = str(pod_of(source)["metadata"]["name"])
    # curl makes a range of numbers into that many calls.
    target = url if count == 1 else f"{url}{'&' if '?' in url else '?'}n=[1-{count}]"
    status, output = kube.exec(name, _words(target, headers or {}, method), container=_program(source), seconds=60)
    calls = _parsed(output)
    if not calls:
        raise CourseError(f"no call could be made from pod '{name}' (status {status}): {output.strip()[:200]}")
    return Sample(calls)


def burst(source: str, url: str, count: int) -> Sample:
    """Call `url` `count` times at once from the pod with the label app=`source`; the answers' texts are not kept.

    Raises NotFound where there is no such pod, CourseError where it can't run curl.
    """
    found = pod_of(source)
    words = [*_words(f"{url}{'&' if '?' in url else '?'}n=[1-{count}]", {}, "GET"), "--output", "/dev/null"]
    words += ["--parallel", "--parallel-immediate", "--parallel-max", str(count)]
    status, output = kube.exec(str(found["metadata"]["name"]), words, container=_program(source), seconds=60)
    calls = _parsed(output)
    if not calls:
        raise CourseError(f"no call could be made from '{source}' (status {status}): {output.strip()[:200]}")
    return Sample(calls)


def _program(app: str) -> str:
    """The container of the pod that is not the proxy."""
    return str(pod_of(app)["spec"]["containers"][0]["name"])


def _parsed(output: str) -> list[Call]:
    parts, calls = output.split(_MARK), []
    for text, told in zip(parts[::2], parts[1::2], strict=False):
        status, took, failure = told.split()
        calls.append(Call(int(status), text, float(took), int(failure)))
    return calls


@contextmanager
def calling(source: str, url: str, *, every: float = 0.05) -> Iterator[Traffic]:
    """Call `url` from the pod with the label app=`source` again and again for as long as the block lasts; failures have an
    empty answer."""
    name = str(pod_of(source)["metadata"]["name"])
    line = " ".join(shlex.quote(word) for word in _words(url, {}, "GET"))
    words = ["kubectl", "exec", name, "--container", _program(source), "--", "sh", "-c"]
    # It ends by itself, should nobody be left who ends it.
    script = f"i=0; while [ $i -lt 2000 ]; do {line}; i=$((i+1)); sleep {every}; done"
    seen, began = Traffic(), time.monotonic()
    with subprocess.Popen([*words, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:

        def read() -> None:
            assert process.stdout  # noqa: S101 - it is a pipe
            text = ""
            for row in process.stdout:
                text += row
                if not row.endswith(f"{_MARK}\n"):
                    continue  # an answer of several lines
                for one in _parsed(text):
                    version = one.version if one.status == 200 else ""
                    seen.answers.append((time.monotonic() - began, version, one.seconds))
                text = ""

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield seen
        finally:
            process.terminate()
            reader.join(5)


@dataclass(frozen=True)
class Certificate:
    """What a workload shows to others: its identity, who signed for it until when."""

    identity: str
    valid_from: datetime
    valid_until: datetime

    def __repr__(self) -> str:
        hours = (self.valid_until - self.valid_from).total_seconds() / 3600
        return f"<certificate of {self.identity}: {hours:.0f} hours, until {self.valid_until:%Y-%m-%d %H:%M} UTC>"


def ask_proxy(app: str, path: str) -> str:
    """What the proxy of the pod with the label app=`app` answers on its administration port. Raises NotFound where the pod
    has no proxy."""
    found = pod_of(app)
    name, spec = str(found["metadata"]["name"]), found["spec"]
    beside = [one["name"] for one in [*(spec.get("initContainers") or []), *spec["containers"]]]
    if PROXY not in beside:
        raise NotFound(f"pod '{name}' has no proxy: it is not in the mesh.", f"`kubectl get pod {name}`")
    status, output = kube.exec(name, ["pilot-agent", "request", "GET", path], container=PROXY)
    if status:
        raise CourseError(f"the proxy of '{name}' does not answer: {output.strip()[-200:]} ({pods.state(found).text})")
    return output


def certificate(app: str) -> Certificate:
    """The certificate that the proxy of the pod with the label app=`app` shows. Raises NotFound where it has none (yet)."""
    told = ask_proxy(app, "certs")
    # The agent may write a line of its log before the answer.
    for row in json.loads(told[max(told.find("{"), 0) :])["certificates"]:
        for one in row.get("cert_chain", []):
            names = [str(name["uri"]) for name in one.get("subject_alt_names", []) if "uri" in name]
            if names:
                first, last = (datetime.fromisoformat(one[key]) for key in ("valid_from", "expiration_time"))
                return Certificate(names[0], first, last)
    raise NotFound(f"the proxy of '{app}' has no certificate yet.", "`istioctl proxy-status`")


@dataclass(frozen=True)
class Edge:
    """Who called whom, as the caller's proxy counted it: answers, failures (status 5xx) and whether it was encrypted."""

    source: str
    target: str
    subset: str
    answers: int
    failures: int
    encrypted: bool


_STAT = re.compile(r"^cluster\.outbound\|(\d+)\|([^|]*)\|([^.]+)\.[^;]*;?\.(upstream_rq_\dxx|ssl\.handshake): (\d+)$")


def edges(*apps: str) -> list[Edge]:
    """What the proxies of these apps counted since they were started. Apps without a proxy are left out."""
    found: list[Edge] = []
    for app in apps:
        try:
            lines = ask_proxy(app, "stats?filter=^cluster\\.outbound").splitlines()
        except NotFound:
            continue
        counted: dict[tuple[str, str], Counter[str]] = {}
        for match in filter(None, map(_STAT.match, lines)):
            _, subset, target, what, number = match.groups()
            counted.setdefault((target, subset), Counter())[what] += int(number)
        for (target, subset), one in sorted(counted.items()):
            answers = sum(number for what, number in one.items() if what.startswith("upstream_rq"))
            if answers:
                found.append(
                    Edge(app, target, subset, answers, one["upstream_rq_5xx"], encrypted=one["ssl.handshake"] > 0)
                )
    return found
