"""Grading clusters: one for each slot, gone when the grading ends. A submission has a namespace in it to itself, and an account
that may do nothing outside; what it runs has no way out of the cluster.
"""

import contextlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from environment import console
from environment.cluster import addons, kind, loading
from environment.errors import EnvironmentProblem
from environment.grading import bridge
from environment.grading.inside import CONTEXT
from environment.images import shop, supply
from helpers import clusters as learner_side

_SHAPES = [shape for shape in kind.SHAPES if shape.startswith("grading-")]
#: So many can there be at a time.
MOST = len(_SHAPES)
_HERE = Path(__file__).parent / "isolation"
#: Where the accounts of submissions live: what runs in a submission's own namespace cannot use them.
_ACCOUNTS = "course-grading"
#: How long an account's token is good for: longer than any submission runs.
_TOKEN = "30m"  # noqa: S105
_GONE_SECONDS = 30
#: What kubectl may take for anything else.
_SECONDS = 60
#: What the node of a slot may use.
_MEMORY, _CORES = "4g", "2"


def variables(kubeconfig: str) -> dict[str, str]:
    """What tells a lesson in a lab of the cluster prepared for it, reached with this kubeconfig."""
    names = learner_side.OWN_CONTEXT, "COURSE_KUBECONFIG", learner_side.PREPARED
    return dict(zip(names, (CONTEXT, kubeconfig, "1"), strict=True))


@dataclass(frozen=True)
class Access:
    """How a lab reaches its cluster: the API's port on this machine, and two kubeconfigs (JSON)."""

    port: int
    learner: str
    judge: str


class Cluster:
    """The grading cluster of a slot, furnished for a lesson with this metadata."""

    def __init__(self, slot: int, course: dict[str, Any], namespace: str) -> None:
        self._shape, self._course, self._namespace = _SHAPES[slot], course, namespace

    def admit(self) -> Access:
        """Make the cluster ready for one submission, with nothing of an earlier one in it. Raises EnvironmentProblem."""
        self._furnish()
        try:
            self._remove_namespace()
        except EnvironmentProblem:
            console.say("– an earlier submission's namespace does not go away: a new cluster is made")
            kind.delete(self._shape)
            self._furnish()
        account = f"submission-{secrets.token_hex(4)}"
        mesh = "istio" in self._course.get("addons", [])
        names = {"namespace": self._namespace, "account": account, "accounts": _ACCOUNTS}
        labels = "containers-course.grading: mesh" if mesh else "pod-security.kubernetes.io/enforce: baseline"
        self._apply("namespace.yaml", **names, security=labels)
        self._kubectl("wait", "--for=create", "serviceaccount/default", "-n", self._namespace, "--timeout=20s")
        token = self._kubectl("create", "token", account, "-n", _ACCOUNTS, f"--duration={_TOKEN}").strip()
        shown = json.loads(self._kubectl("config", "view", "--minify", "--raw", "--output=json"))
        trusted = shown["clusters"][0]["cluster"]["certificate-authority-data"]
        return Access(
            port=int(kind.record(self._shape)["ports"]["api"]),
            learner=self._kubeconfig(trusted, {"token": token}),
            judge=self._kubeconfig(trusted, shown["users"][0]["user"]),
        )

    def _kubectl(self, *words: str, stdin: str = "", seconds: float = _SECONDS) -> str:
        return kind.kubectl(self._shape, *words, stdin=stdin, seconds=seconds)

    def _apply(self, name: str, **values: str) -> None:
        text = Template((_HERE / name).read_text()).substitute(values)
        self._kubectl("apply", "--server-side", "--force-conflicts", "--filename", "-", stdin=text)

    def _furnish(self) -> None:
        """The cluster, the lesson's images and add-ons in it, and the rules for all submissions."""
        kind.up(self._shape)
        images = [supply.ensure(name) for name in self._course["images"]]
        images += [shop.build(version) for version in self._course.get("shop", [])]
        loading.load(self._shape, *images)
        for name in self._course.get("addons", []):
            addons.ensure(name, self._shape)
        self._apply("cluster.yaml", accounts=_ACCOUNTS)
        for node in kind.nodes(self._shape):
            supply.docker("update", "--memory", _MEMORY, "--memory-swap", _MEMORY, "--cpus", _CORES, node)
            told = supply.docker("exec", "--interactive", node, "sh", "-eu", stdin=(_HERE / "cut_off.sh").read_text())
            if "cut off" in told:
                # It asks the name servers that it was started with.
                self._kubectl("-n", "kube-system", "rollout", "restart", "deployment/coredns")
                self._kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=60s")

    def _remove_namespace(self) -> None:
        own = ["--namespace", self._namespace]
        everything = "deployments,statefulsets,daemonsets,replicasets,jobs,cronjobs,pods"
        with contextlib.suppress(EnvironmentProblem):
            self._kubectl("delete", everything, "--all", "--force", "--grace-period=0", "--wait=false", *own)
        self._kubectl("delete", "namespace", self._namespace, "--ignore-not-found", f"--timeout={_GONE_SECONDS}s")
        self._kubectl("delete", "serviceaccounts", "--all", "--namespace", _ACCOUNTS, "--wait=false")

    def _kubeconfig(self, trusted: str, user: dict[str, str]) -> str:
        cluster = {"server": bridge.ADDRESS, "certificate-authority-data": trusted}
        context = {"cluster": CONTEXT, "user": CONTEXT, "namespace": self._namespace}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": CONTEXT,
                "clusters": [{"name": CONTEXT, "cluster": cluster}],
                "users": [{"name": CONTEXT, "user": user}],
                "contexts": [{"name": CONTEXT, "context": context}],
            }
        )


def end() -> None:
    """Delete all grading clusters."""
    for shape in _SHAPES:
        kind.delete(shape)
