"""Expectations about Deployments: their rollouts, revisions and pods."""

from collections.abc import Callable

from helpers import kube, pods
from helpers.checks.objects import ObjectCheck
from helpers.checks.verdict import Expectation, Seen
from helpers.manifests import Object

#: A rollout without trouble goes on, however long a busy machine's controllers take between two steps, in seconds.
_CONTROLLER_PATIENCE = 20.0


class DeploymentCheck(ObjectCheck):
    """What can be expected of a Deployment."""

    def __init__(self, name: str, namespace: str | None = None) -> None:
        super().__init__("Deployment", name, namespace)

    def _pods(self, found: Object) -> list[Object]:
        labels = found["spec"]["selector"].get("matchLabels") or {}
        words = ",".join(f"{name}={value}" for name, value in labels.items())
        return kube.ls("Pod", selector=words, namespace=self._namespace)

    def is_available(self, replicas: int | None = None, points: float = 1, hint: str = "") -> Expectation:
        """The newest version runs: as many ready pods as wanted (or `replicas`), and none of an older version."""

        def probe(found: Object) -> Seen:
            wanted, now = found["spec"].get("replicas", 1), found.get("status", {})
            if replicas is not None and wanted != replicas:
                return Seen(False, f"it wants {wanted} replicas")
            counts = [now.get(name) or 0 for name in ("replicas", "updatedReplicas", "availableReplicas")]
            current = now.get("observedGeneration") == found["metadata"]["generation"]
            if current and counts == [wanted] * 3 and wanted:
                return Seen(True, f"{wanted} of {wanted} are ready")
            return self._unfinished(found, counts, wanted, current=current)

        words = "is available" if replicas is None else f"has {replicas} ready replicas, all of the newest version"
        return self._expect(words, probe, points, hint)

    def _unfinished(self, found: Object, counts: list[int], wanted: int, *, current: bool) -> Seen:
        """Why the rollout is not finished, and whether it may still get there."""
        text = (
            f"of {wanted} wanted pods {counts[1]} are of the newest version, {counts[2]} are ready, {counts[0]} exist"
        )
        if found["spec"].get("paused"):
            return Seen(False, f"its rollout is paused; {text}")
        conditions = {one["type"]: one for one in found.get("status", {}).get("conditions") or []}
        failure = conditions.get("ReplicaFailure", {})
        if failure.get("status") == "True":
            return Seen(False, f"its pods are refused; {text}", evidence=str(failure.get("message", "")))
        if not current:  # what its pods are like may be of the version before
            return Seen(False, text, moving=True, patience=_CONTROLLER_PATIENCE)
        states = [pods.state(one) for one in self._newest_pods(found)]
        worst = next((state for state in states if not state.ready and not state.moving), None)
        if worst:
            return Seen(False, f"{text}. {worst.text}", evidence=worst.evidence)
        going = next((state for state in states if state.moving), None)
        # All ready by now: the Deployment was read just before it counted its last pod.
        uncounted = bool(states) and all(state.ready for state in states)
        moving = going is not None or counts[0] != wanted or counts[1] != wanted or uncounted
        text += f". {going.text}" if going else ""
        return Seen(False, text, moving, patience=_CONTROLLER_PATIENCE)

    def _newest_pods(self, found: Object) -> list[Object]:
        """The pods of its newest ReplicaSet: those of an older one are on their way out, whatever ails them."""
        key = "deployment.kubernetes.io/revision"
        revision = found["metadata"].get("annotations", {}).get(key)
        owners = [
            one["metadata"]["uid"]
            for one in kube.ls("ReplicaSet", namespace=self._namespace)
            if (one["metadata"].get("annotations") or {}).get(key) == revision
        ]
        return [
            one
            for one in self._pods(found)
            if any(owner["uid"] in owners for owner in one["metadata"].get("ownerReferences") or [])
        ]

    def runs_image(self, image: str, points: float = 1, hint: str = "") -> Expectation:
        """Every ready pod of it runs this image, and there is at least one."""

        def probe(found: Object) -> Seen:
            running = [one for one in self._pods(found) if pods.is_ready(one)]
            images = sorted({container["image"] for one in running for container in one["spec"]["containers"]})
            asked = [container["image"] for container in found["spec"]["template"]["spec"]["containers"]]
            right = bool(running) and all(image in {c["image"] for c in one["spec"]["containers"]} for one in running)
            seen = f"its ready pods run {', '.join(images) or 'nothing'}"
            return Seen(right, seen, moving=image in asked and not right and not found["spec"].get("paused"))

        return self._expect(f"runs {image} in every ready pod", probe, points, hint)

    def has_revisions(self, least: int, points: float = 1, hint: str = "`kubectl rollout history`") -> Expectation:
        """It went through at least that many revisions: it was changed, not made anew."""
        return self._revision(lambda number: number >= least, f"is at revision {least} or later", points, hint)

    def is_at_revision(self, number: int, points: float = 1, hint: str = "`kubectl rollout history`") -> Expectation:
        """It went through exactly that many revisions."""
        return self._revision(lambda found: found == number, f"is at revision {number}", points, hint)

    def _revision(self, right: Callable[[int], bool], words: str, points: float, hint: str) -> Expectation:
        def probe(found: Object) -> Seen:
            number = int((found["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision", 0))
            # The controller may not have looked at the latest change yet.
            behind = found.get("status", {}).get("observedGeneration") != found["metadata"]["generation"]
            return Seen(right(number), f"its revision is {number}", moving=behind)

        return self._expect(words, probe, points, hint)


def deployment(name: str, namespace: str | None = None) -> DeploymentCheck:
    """What can be expected of a Deployment: `deployment("web").is_available(3)`."""
    return DeploymentCheck(name, namespace)
