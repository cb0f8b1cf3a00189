"""Namespaces: `ensure` one, and `reset` it: the namespace stays, everything in it goes."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from kubernetes import dynamic
from kubernetes.client.exceptions import ApiException

from helpers import kube, wait
from helpers.engine import LABEL
from helpers.errors import CourseError, NotFound, TimedOut
from helpers.manifests import Object

#: What Kubernetes itself – and a mesh – puts into every namespace, and would put there again.
_BORN_WITH = {
    ("ConfigMap", "kube-root-ca.crt"),
    ("ServiceAccount", "default"),
    ("ConfigMap", "istio-ca-root-cert"),
    ("ConfigMap", "istio-ca-crl"),
}
#: Derived from other objects: they go with those.
_DERIVED = {"Event", "Endpoints", "PodMetrics", "Lease", "ControllerRevision"}
#: Their owners go first, so that nothing makes them anew.
_LAST = {"ReplicaSet", "Pod", "EndpointSlice"}
_FINALISERS_AFTER = 4.0
_AT_ONCE = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}


def ensure(name: str, *, security: str = "") -> None:
    """Make it so that the namespace exists and is labelled as the course's; `security` is a Pod Security Standard.

    Raises CourseError when a namespace of that name is somebody else's.
    """
    found = wait.until(lambda: _settled(name), f"the namespace '{name}' to be gone", timeout=60) or {"metadata": {}}
    if found["metadata"] and LABEL not in (found["metadata"].get("labels") or {}):
        raise CourseError(
            f"a namespace '{name}', which this lesson is going to use, exists already and is not the course's.",
            f"delete it if you don't need it (`kubectl delete namespace {name}`), then run this cell again.",
        )
    labels = {LABEL: "lesson"} | ({"pod-security.kubernetes.io/enforce": security} if security else {})
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    # A pod made before its service account exists is refused.
    kube.wait_for("ServiceAccount", "default", lambda _: True, "to exist", timeout=20, namespace=name)


def _settled(name: str) -> Object | None:
    """The namespace, one without metadata where there is none, and None while it is being deleted."""
    try:
        found = kube.get("Namespace", name)
    except NotFound:
        return {"metadata": {}}
    return None if found["metadata"].get("deletionTimestamp") else found


def _collections() -> list[dynamic.resource.Resource]:
    seen: dict[str, dynamic.resource.Resource] = {}
    for resource in kube.client().resources.search(namespaced=True):
        # The client also knows a list kind for every kind (PodList).
        if str(resource.kind).endswith("List") or resource.kind in _DERIVED:
            continue
        if {"list", "deletecollection"} <= set(resource.verbs or ()):
            seen.setdefault(str(resource.kind), resource)
    return list(seen.values())


def _content(resource: dynamic.resource.Resource, name: str) -> list[str]:
    try:
        items = resource.get(namespace=name).to_dict()["items"]
    except ApiException:
        return []
    return [str(row["metadata"]["name"]) for row in items if (resource.kind, row["metadata"]["name"]) not in _BORN_WITH]


def _empty(resource: dynamic.resource.Resource, name: str) -> None:
    born = ",".join(f"metadata.name!={one}" for kind, one in _BORN_WITH if kind == resource.kind)
    with suppress(ApiException):
        # The client asks for a selector: one that every object matches.
        resource.delete(namespace=name, body=_AT_ONCE, field_selector=born or f"metadata.namespace={name}")


def _drop_finalisers(resource: dynamic.resource.Resource, name: str, objects: list[str]) -> None:
    for one in objects:
        with suppress(ApiException):
            body = {"metadata": {"finalizers": None}}
            resource.patch(name=one, namespace=name, body=body, content_type="application/merge-patch+json")


def reset(name: str, *, timeout: float = 30.0) -> None:
    """Delete everything in the namespace, labels of its own included, at once and without grace, and wait until the lists are
    empty. What only a finaliser still holds is freed of it after 4 s. Raises TimedOut naming what is left."""
    resources = _collections()
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:

        def look(some: list[dynamic.resource.Resource]) -> dict[dynamic.resource.Resource, list[str]]:
            pairs = zip(some, pool.map(lambda one: _content(one, name), some), strict=True)
            return {resource: content for resource, content in pairs if content}

        left = look(resources)
        list(pool.map(lambda one: _empty(one, name), [one for one in left if one.kind not in _LAST]))
        while left := look([one for one in resources if one in left or one.kind in _LAST]):
            elapsed = time.monotonic() - began
            if elapsed > timeout:
                words = ", ".join(f"{resource.kind} {content[0]}" for resource, content in left.items())
                raise TimedOut(f"after {timeout:g} s the namespace '{name}' still holds: {words}")
            list(pool.map(lambda one: _empty(one, name), left))
            if elapsed > _FINALISERS_AFTER:
                for resource, content in left.items():
                    _drop_finalisers(resource, name, content)
            time.sleep(0.1)
    _drop_labels(name)


def remove(name: str, objects: set[str], *, timeout: float = 10.0) -> list[str]:
    """Delete the namespace's objects of these names, with what they made, without grace, and wait until none is there;
    returns them as `Kind name`. Raises TimedOut."""
    resources = [one for one in _collections() if one.kind not in {"ReplicaSet", "EndpointSlice"}]
    with ThreadPoolExecutor(8) as pool:

        def look() -> list[tuple[dynamic.resource.Resource, str]]:
            found = zip(resources, pool.map(lambda one: _content(one, name), resources), strict=True)
            return [(resource, one) for resource, content in found for one in content if _made_for(one, objects)]

        before = left = look()
        began = time.monotonic()
        while left:
            if time.monotonic() - began > timeout:
                raise TimedOut(f"after {timeout:g} s {left[0][0].kind} {left[0][1]} is still there")
            for resource, one in left:
                with suppress(ApiException):
                    resource.delete(name=one, namespace=name, body=_AT_ONCE)
            time.sleep(0.1)
            left = look()
    return [f"{resource.kind} {one}" for resource, one in before if one in objects]


def _made_for(one: str, objects: set[str]) -> bool:
    """Whether an object has one of these names, or the name of a pod that a controller of that name made."""
    return one in objects or any(re.fullmatch(rf"{re.escape(name)}(-[a-z0-9]{{4,10}}){{1,2}}", one) for name in objects)


def _drop_labels(name: str) -> None:
    """Take the labels off that were put on the namespace since it was made: one of them may change every pod in it."""
    labels = kube.get("Namespace", name)["metadata"].get("labels") or {}
    added = [
        one for one in labels if one != LABEL and ".kubernetes.io/" not in one and not one.startswith("kubernetes.io/")
    ]
    if added:
        kube.patch("Namespace", name, {"metadata": {"labels": dict.fromkeys(added)}})
