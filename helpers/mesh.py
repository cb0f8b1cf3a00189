"""The service mesh, seen from inside: who joins it, and calls made from one pod to another."""

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

from helpers import kube
from helpers.errors import CourseError, NotFound
from helpers.manifests import Object
from helpers.traffic import Traffic

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


def _words(headers: Mapping[str, str], method: str) -> list[str]:
    """curl's words, but for where to."""
    # A connection a call: without a mesh, a kept connection would always lead to the same pod.
    words = ["curl", "--silent", "--max-time", str(_SECONDS), "--request", method, "--header", "Connection: close"]
    for name, value in headers.items():
        words += ["--header", f"{name}: {value}"]
    return [*words, "--write-out", _MARK + "%{http_code} %{time_total} %{exitcode}" + _MARK + "\\n"]


def call(
    source: str, url: str, count: int = 1, *, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> Sample:
    """Call `url` `count` times from the pod with the label app=`source`, one call after the other.

    Raises NotFound where there is no such pod, CourseError where it can't run curl.

    >>> call("visitor", "http://api:8000/api/version", 20)  # doctest: +SKIP
    <20 calls: 11 × v1, 9 × v2>
    """
    return _called(source, url if count == 1 else _numbered(url, count), _words(headers or {}, method))


def burst(source: str, url: str, count: int) -> Sample:
    """Call `url` `count` times at once from the pod with the label app=`source`; the answers' texts are not kept.

    Raises NotFound where there is no such pod, CourseError where it can't run curl.
    """
    at_once = ["--output", "/dev/null", "--parallel", "--parallel-immediate", "--parallel-max", str(count)]
    return _called(source, _numbered(url, count), [*_words({}, "GET"), *at_once])


def _numbered(url: str, count: int) -> str:
    """curl makes a range of numbers into that many calls."""
    return f"{url}{'&' if '?' in url else '?'}n=[1-{count}]"


def _called(source: str, url: str, words: list[str]) -> Sample:
    name, program = inside(source)
    status, output = kube.exec(name, [*words, url], container=program, seconds=60)
    calls = _parsed(output)
    if not calls:
        raise CourseError(f"no call could be made from pod '{name}' (status {status}): {output.strip()[:200]}")
    return Sample(calls)


def inside(app: str) -> tuple[str, str]:
    """The newest pod with the label app=`app`, and its container that is not the proxy: where to run a command."""
    found = pod_of(app)
    return str(found["metadata"]["name"]), str(found["spec"]["containers"][0]["name"])


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
    name, program = inside(source)
    line = shlex.join([*_words({}, "GET"), url])
    words = ["kubectl", "exec", name, "--container", program, "--", "sh", "-c"]
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


def join(namespace: str = "") -> None:
    """Let every pod made from now on in the namespace (the lesson's, if none is named) have a proxy. Pods that run stay as
    they are."""
    body = {"metadata": {"labels": {"istio-injection": "enabled"}}}
    kube.patch("Namespace", namespace or kube.current_namespace(), body)
