"""Expectations about admission: which pods the cluster lets in, asked by dry run – nothing is created."""

import secrets
import subprocess

from helpers import kube, pods, registries
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import CannotTell, CourseError

#: How long a policy may take until the API server asks for it, in seconds.
_YOUNG = 15.0
_POLICIES = ("ImageValidatingPolicy", "NamespacedImageValidatingPolicy", "ClusterPolicy", "Policy", "ValidatingPolicy")
_SECONDS = 25


def _asked(image: str) -> tuple[str, str]:
    """The image with which a pod would be let in, and why it would not (one of them is empty)."""
    words = ["kubectl", "run", f"probe-{secrets.token_hex(3)}", f"--image={image}", "--dry-run=server"]
    words += ["--output", "jsonpath={.spec.containers[0].image}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotTell(f"the cluster did not say whether it takes {image} ({type(error).__name__}).") from None
    if done.returncode == 0:
        return done.stdout.strip(), ""
    if "denied the request" not in done.stderr and "failed calling webhook" not in done.stderr:
        raise CannotTell(f"the cluster could not be asked: {done.stderr.strip()[-300:]}")
    return "", " ".join(done.stderr.split())[:400]


def _young_policy() -> bool:
    """Whether a policy is so new that it may not be asked for yet."""
    for kind in _POLICIES:
        try:
            found = kube.ls(kind)
        except CourseError:  # this cluster has no such kind
            continue
        if any(pods.age(one["metadata"]["creationTimestamp"]) < _YOUNG for one in found):
            return True
    return False


class AdmissionCheck:
    """What can be expected of the gate before the current namespace."""

    def tells_apart(
        self, good: str, bad: str, points: float = 1, hint: str = "`kubectl get imagevalidatingpolicies`"
    ) -> Expectation:
        """A pod with the image `good` is let in, one with `bad` is refused by a policy."""

        def look() -> Seen:
            _, why = _asked(good)
            if why:
                return Seen(False, f"it refuses {good}, too", moving=_young_policy(), evidence=why, patience=_YOUNG)
            taken, why = _asked(bad)
            if taken:
                return Seen(False, f"it lets {bad} in", moving=_young_policy(), patience=_YOUNG)
            if "failed calling webhook" in why:
                return Seen(False, f"it refuses {bad} since nobody answers for the policy", evidence=why)
            return Seen(True, f"it lets {good} in, and refuses {bad}", evidence=why)

        return Expectation(f"the cluster takes pods of {good}, and none of {bad}", look, points, hint)

    def pins(
        self,
        image: str,
        stored: tuple[int, str, str],
        points: float = 1,
        hint: str = "what names a digest can't be moved",
    ) -> Expectation:
        """A pod that asks for the image by tag is let in with its digest written into it: the one that `stored` – the
        registry's loopback port, repository, tag – has now."""

        def look() -> Seen:
            digest = registries.Registry(stored[0]).digest(*stored[1:])
            taken, why = _asked(image)
            if why:
                return Seen(False, f"it refuses {image}", moving=_young_policy(), evidence=why, patience=_YOUNG)
            right = taken.endswith(f"@{digest}")
            return Seen(
                right, f"it takes the pod with the image {taken}", moving=not right and _young_policy(), patience=_YOUNG
            )

        return Expectation(f"a pod of {image} gets the image's digest written into it", look, points, hint)


def admission() -> AdmissionCheck:
    """What can be expected of the cluster's gate: `admission().tells_apart("store/good:1", "store/bad:1")`."""
    return AdmissionCheck()
