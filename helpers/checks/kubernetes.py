"""Expectations about Kubernetes objects: that they exist, are as wanted, become ready, answer."""

from helpers import kube, pods, reach
from helpers.checks.objects import ObjectCheck
from helpers.checks.verdict import PATIENCE, Expectation, Seen
from helpers.errors import CannotTell, CourseError, NotFound
from helpers.manifests import Object

#: How long a pod that is to end may go on running, in seconds, before that counts as standing still.
_ENDING = 5.0


class PodCheck(ObjectCheck):
    """What can be expected of a pod."""

    def __init__(self, name: str, namespace: str | None = None) -> None:
        super().__init__("Pod", name, namespace)

    def is_ready(self, points: float = 1, hint: str = "") -> Expectation:
        """All its containers run and their readiness probes succeed."""

        def probe(found: Object) -> Seen:
            now = pods.state(found)
            return Seen(now.ready, now.text, now.moving, now.evidence)

        return self._expect("is ready", probe, points, hint)

    def has_containers(self, points: float = 1, hint: str = "", **images: str) -> Expectation:
        """It has exactly these containers, each from its image (init containers and sidecars not counted)."""

        def probe(found: Object) -> Seen:
            seen = {one["name"]: one["image"] for one in found["spec"]["containers"]}
            return Seen(seen == images, "it has " + ", ".join(f"{name} ({image})" for name, image in seen.items()))

        words = "has the containers " + ", ".join(f"{name} ({image})" for name, image in images.items())
        return self._expect(words, probe, points, hint)

    def runs_only(self, image: str, points: float = 1, hint: str = "") -> Expectation:
        """It has one container, whatever its name, from this image."""

        def probe(found: Object) -> Seen:
            seen = [one["image"] for one in found["spec"]["containers"]]
            return Seen(seen == [image], f"it has: {', '.join(seen)}")

        return self._expect(f"has one container, from {image}", probe, points, hint)

    def ended(self, status: int = 0, points: float = 1, hint: str = "") -> Expectation:
        """Its containers ended, all with this exit status."""

        def probe(found: Object) -> Seen:
            codes = [
                (one.get("state", {}).get("terminated") or {}).get("exitCode")
                for one in found.get("status", {}).get("containerStatuses") or [{}]
            ]
            now = pods.state(found)
            done = found.get("status", {}).get("phase") in {"Succeeded", "Failed"}
            running = not done and (now.ready or now.moving)
            return Seen(
                done and set(codes) == {status},
                now.text,
                running and pods.age(found["metadata"]["creationTimestamp"]) < 20,
                patience=_ENDING,
            )

        return self._expect(f"ended with exit status {status}", probe, points, hint)

    def was_restarted(self, times: int = 1, points: float = 1, hint: str = "") -> Expectation:
        """Its containers were restarted at least that often."""

        def probe(found: Object) -> Seen:
            count = pods.restarts(found)
            coming = count < times and pods.may_be_restarted(found)
            moving = count < times and (pods.state(found).moving or coming)
            return Seen(
                count >= times, f"restarts: {count}", moving, patience=pods.PROBED_WITHIN if coming else PATIENCE
            )

        return self._expect(f"was restarted at least {times}×", probe, points, hint)

    def never_restarted(self, points: float = 1, hint: str = "") -> Expectation:
        """It is ready, and none of its containers was ever restarted."""

        def probe(found: Object) -> Seen:
            now, count = pods.state(found), pods.restarts(found)
            return Seen(
                now.ready and count == 0, f"{now.text}; restarts: {count}", now.moving and count == 0, now.evidence
            )

        return self._expect("is ready, and was never restarted", probe, points, hint)

    def logs_contain(self, text: str, container: str | None = None, points: float = 1, hint: str = "") -> Expectation:
        """The output of the container (or the only one) has `text` in it."""

        def probe(found: Object) -> Seen:
            now = pods.state(found)
            young = pods.age(found["metadata"]["creationTimestamp"]) < 10
            try:
                lines = kube.logs(self._name, container=container)
            except CannotTell:
                raise
            except CourseError as error:  # its container has not started yet
                return Seen(False, f"{error.what} ({now.text})", now.moving or young, now.evidence)
            last = lines.strip().splitlines()[-1:] or ["nothing yet"]
            return Seen(text in lines, f"it last wrote: {last[0][:200]}", now.moving or young)

        return self._expect(f"wrote '{text}'", probe, points, hint or f"`kubectl logs {self._name}`")

    def exec_prints(
        self,
        command: list[str],
        text: str,
        wanted: str,
        *,
        container: str | None = None,
        points: float = 1,
        hint: str = "",
    ) -> Expectation:
        """A command run inside prints `text`; `wanted` says in words what that shows."""

        def probe(found: Object) -> Seen:
            now = pods.state(found)
            if found.get("status", {}).get("phase") != "Running":
                return Seen(False, now.text, now.moving, now.evidence)
            _, output = kube.exec(self._name, command, container=container)
            return Seen(text in output, f"inside, the answer is: {output.strip()[:300] or 'nothing'}", now.moving)

        return self._expect(wanted, probe, points, hint)


class ServiceCheck(ObjectCheck):
    """What can be expected of a Service."""

    def __init__(self, name: str, namespace: str | None = None) -> None:
        super().__init__("Service", name, namespace)

    def answers(
        self, containing: str = "", path: str = "/", port: int | str = "", points: float = 1, hint: str = ""
    ) -> Expectation:
        """A request through the Service is answered, by one of its pods, with this text."""

        def probe(found: Object) -> Seen:
            try:
                body = reach.through_service(self._name, path, port=port, namespace=self._namespace)
            except NotFound as error:
                return Seen(False, error.what)
            except reach.NoAnswer as error:
                return self._nothing_behind(found, error.what)
            return Seen(containing in body, f"the answer begins: {body[:120]!r}")

        words = f"answers on {path}" + (f" with '{containing}'" if containing else "")
        return self._expect(
            words, probe, points, hint or f"`kubectl get endpointslices -l kubernetes.io/service-name={self._name}`"
        )

    def _nothing_behind(self, found: Object, what: str) -> Seen:
        """Why nothing answers: no pod is chosen, or the chosen ones are not ready (yet)."""
        chosen = found["spec"].get("selector") or {}
        if not chosen:
            # Addresses written by hand: kube-proxy takes a second to notice them.
            slices = kube.ls(
                "EndpointSlice", selector=f"kubernetes.io/service-name={self._name}", namespace=self._namespace
            )
            young = any(pods.age(one["metadata"]["creationTimestamp"]) < 10 for one in slices)
            return Seen(False, f"{what}. It selects no pods, and has {len(slices)} EndpointSlices", moving=young)
        words = ",".join(f"{name}={value}" for name, value in chosen.items())
        behind = kube.ls("Pod", selector=words, namespace=self._namespace)
        if not behind:
            return Seen(False, f"{what}. No pod has the labels that it selects: {words}")
        states = [pods.state(one) for one in behind]
        moving = any(state.moving for state in states) or all(state.ready for state in states)
        worst = next((state for state in states if not state.ready), states[0])
        port = ", ".join(f"{one['port']} → {one.get('targetPort')}" for one in found["spec"]["ports"])
        return Seen(False, f"{what} (ports: {port}). {worst.text}", moving, worst.evidence)


def resource(kind: str, name: str, namespace: str | None = None) -> ObjectCheck:
    """What can be expected of any object: `resource("ConfigMap", "settings").exists()`."""
    return ObjectCheck(kind, name, namespace)


def pod(name: str, namespace: str | None = None) -> PodCheck:
    """What can be expected of a pod: `pod("web").is_ready(points=2)`."""
    return PodCheck(name, namespace)


def service(name: str, namespace: str | None = None) -> ServiceCheck:
    """What can be expected of a Service: `service("web").answers("hello")`."""
    return ServiceCheck(name, namespace)
