"""What the proxies of a mesh know: their state, their certificate, and whom their program called.

A proxy is asked with its own agent (`pilot-agent request`), as `istioctl proxy-config` does.
"""

import json
import re
import shlex
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from helpers import kube, pods
from helpers.errors import CourseError, NotFound
from helpers.mesh import pod_of

PROXY = "istio-proxy"


def state(app: str) -> str:
    """What the proxy of the pod with the label app=`app` says of itself: `LIVE` once it has its first configuration, else
    `INITIALIZING` and the like. Raises NotFound where the pod has no proxy."""
    return str(json.loads(ask(app, "server_info"))["state"])


@dataclass(frozen=True)
class Certificate:
    """What a workload shows to others: its identity, who signed for it until when."""

    identity: str
    valid_from: datetime
    valid_until: datetime

    def __repr__(self) -> str:
        hours = (self.valid_until - self.valid_from).total_seconds() / 3600
        return f"<certificate of {self.identity}: {hours:.0f} hours, until {self.valid_until:%Y-%m-%d %H:%M} UTC>"


def ask(app: str, path: str) -> str:
    """What the proxy of the pod with the label app=`app` answers on its administration port. Raises NotFound where the pod
    has no proxy."""
    found = pod_of(app)
    name, spec = str(found["metadata"]["name"]), found["spec"]
    beside = [one["name"] for one in [*(spec.get("initContainers") or []), *spec["containers"]]]
    if PROXY not in beside:
        raise NotFound(f"pod '{name}' has no proxy: it is not in the mesh.", f"`kubectl get pod {name}`")
    # What the agent logs meanwhile would come between the lines of the answer.
    words = f"pilot-agent request GET {shlex.quote(path)} 2> /dev/null"
    status, output = kube.exec(name, ["sh", "-c", words], container=PROXY)
    if status:
        raise CourseError(f"the proxy of '{name}' does not answer: {output.strip()[-200:]} ({pods.state(found).text})")
    return output


def certificate(app: str) -> Certificate:
    """The certificate that the proxy of the pod with the label app=`app` shows. Raises NotFound where it has none (yet)."""
    for row in json.loads(ask(app, "certs"))["certificates"]:
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
            lines = ask(app, "stats?filter=^cluster\\.outbound").splitlines()
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
