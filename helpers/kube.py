"""Kubernetes objects with kubectl's verbs: `apply`, `get`, `ls`, `delete`, `logs`, `exec`, `events`, `scale`, `reset`.

Over the kubernetes client; what has a watch is watched, not polled.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kubernetes import dynamic, watch
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError

from helpers import subresources
from helpers.connection import REMEDY, asking, connect, default_namespace, kubeconfig
from helpers.errors import CannotTell, CourseError, NotFound, TimedOut
from helpers.manifests import Object, parse

MANAGER = "containers-course"
#: Seconds before the list of kinds is asked for again, when one is not in it.
_AGAIN = (0.0, 0.3, 0.6)
#: Seconds after which a watch is asked anew: less than a silent connection may last.
_WATCH = 8


def client() -> dynamic.DynamicClient:
    """The dynamic client for the current kubeconfig. Raises CannotTell when the cluster does not answer."""
    path = Path(kubeconfig())
    with asking("the API"):
        if not path.exists():
            raise CannotTell("there is no cluster yet.", REMEDY)
        return connect(str(path), path.stat().st_mtime)


def current_namespace() -> str:
    """The default namespace: the open lesson's."""
    path = Path(kubeconfig())
    with asking("the kubeconfig"):
        return default_namespace(str(path), path.stat().st_mtime)


def _known(kind: str, version: str) -> list[dynamic.resource.Resource]:
    """Resources of that name; none while the list of kinds names a group that an add-on, going away, no longer serves."""
    with asking(kind):
        try:
            found = client().resources.search(**({"group_version": version} if version else {}))
        except (ResourceNotFoundError, NotFoundError):
            return []
    return [
        one
        for one in found
        if kind.lower() in {str(one.kind).lower(), str(one.name).lower(), *(one.short_names or ())}
        and not str(one.kind).endswith("List")
    ]


def _resource(kind: str, version: str = "") -> dynamic.resource.Resource:
    """The API resource for a kind (`Deployment`), a plural or a short name (`deploy`)."""
    found = _known(kind, version)
    for pause in _AGAIN:
        if not found:
            # The client keeps the list of kinds on disk; an add-on may have brought this one since, or be just going away.
            time.sleep(pause)
            forget_kinds()
            found = _known(kind, version)
    if not found:
        raise CourseError(f"this cluster knows no kind of object like '{kind}'.", "`kubectl api-resources`")
    return next((resource for resource in found if resource.preferred), found[0])


def forget_kinds() -> None:
    """Ask the cluster anew which kinds it knows: an add-on came or went."""
    with asking("the API"):
        client().resources.invalidate_cache()


def _place(resource: dynamic.resource.Resource, where: str | None) -> dict[str, str]:
    return {"namespace": where or current_namespace()} if resource.namespaced else {}


def apply(manifest: str | Path | Object, *, namespace: str | None = None) -> list[Object]:
    """Server-side apply, with unknown fields refused; returns the objects as the cluster has them.

    Raises CourseError naming the line or the field that is wrong.

    >>> apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})  # doctest: +SKIP
    """
    made = []
    for document in parse(manifest):
        resource = _resource(document["kind"], document["apiVersion"])
        place = _place(resource, document["metadata"].get("namespace") or namespace)
        with asking(f"{document['kind']} '{document['metadata'].get('name')}'"):
            done = resource.server_side_apply(
                body=document,
                name=document["metadata"].get("name"),
                field_manager=MANAGER,
                force_conflicts=True,
                query_params=[("fieldValidation", "Strict")],
                **place,
            )
            made.append(dict(done.to_dict()))
    return made


def get(kind: str, name: str, *, namespace: str | None = None) -> Object:
    """One object, as the cluster has it now. Raises NotFound."""
    resource = _resource(kind)
    place = _place(resource, namespace)
    with asking(f"{kind} '{name}'{' in the namespace ' + place['namespace'] if place else ''}"):
        return dict(resource.get(name=name, **place).to_dict())


def ls(kind: str, *, selector: str = "", namespace: str | None = None, everywhere: bool = False) -> list[Object]:
    """All objects of a kind in the namespace (or `everywhere`), with labels that match `selector` (`app=web`)."""
    resource = _resource(kind)
    place = {} if everywhere else _place(resource, namespace)
    with asking(kind):
        return [dict(item) for item in resource.get(label_selector=selector, **place).to_dict()["items"]]


def delete(kind: str, name: str, *, namespace: str | None = None, grace_seconds: int | None = None) -> None:
    """Delete an object; no error when it is gone already. Returns at once: `until_gone` waits."""
    resource = _resource(kind)
    options = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
    try:
        with asking(f"{kind} '{name}'"):
            resource.delete(
                name=name,
                body={"propagationPolicy": "Background", **options},
                **_place(resource, namespace),
            )
    except NotFound:
        return


def patch(kind: str, name: str, body: Object, *, namespace: str | None = None) -> Object:
    """Change an object's fields as `kubectl patch --type merge` does; None takes a field away."""
    resource = _resource(kind)
    with asking(f"{kind} '{name}'"):
        done = resource.patch(
            name=name, body=body, content_type="application/merge-patch+json", **_place(resource, namespace)
        )
    return dict(done.to_dict())


def scale(name: str, replicas: int, *, kind: str = "Deployment") -> Object:
    """Set the number of replicas."""
    return patch(kind, name, {"spec": {"replicas": replicas}})


def logs(pod: str, *, container: str | None = None, tail: int = 200, previous: bool = False) -> str:
    """The last lines of a container's output; with `previous`, of the one before its last restart."""
    query: list[tuple[str, Any]] = [("tailLines", tail), ("previous", previous)]
    query += [("container", container)] if container else []
    path = subresources.path_of("pods", pod, current_namespace(), "log")
    with asking(f"pod '{pod}'"):
        told = client().request("GET", path, query_params=query, header_params={"Accept": "*/*"}, serialize=False)
    return str(told.data.decode(errors="replace"))


def exec(pod: str, command: Sequence[str], *, container: str | None = None, seconds: float = 20) -> tuple[int, str]:
    """Run a command in a pod; return its exit status and output. Raises CourseError when the pod can't run it."""
    with asking(f"pod '{pod}'"):
        return subresources.execute(pod, current_namespace(), command, container or "", seconds)


def events(name: str = "", *, kind: str = "", namespace: str | None = None) -> list[Object]:
    """Events of the namespace, oldest first; of one object where a name (and kind) is given."""
    found = [
        event
        for event in ls("Event", namespace=namespace)
        if (not name or event["involvedObject"].get("name") == name)
        and (not kind or event["involvedObject"].get("kind") == kind)
    ]
    return sorted(found, key=lambda event: str(event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]))


def events_of(found: Object) -> list[Object]:
    """Events of this very object, oldest first; those of an earlier one of its kind and name outlive it and are not its own."""
    told = found["metadata"]
    # A kubelet knows pods from files by the hash of their files.
    own = {told.get("uid"), (told.get("annotations") or {}).get("kubernetes.io/config.hash")}
    happened = events(told["name"], namespace=told.get("namespace"))
    return [one for one in happened if one["involvedObject"].get("uid") in own]


def wait_for(
    kind: str,
    name: str,
    is_so: Callable[[Object], bool],
    what: str,
    *,
    timeout: float = 60.0,
    namespace: str | None = None,
) -> Object:
    """Watch an object until `is_so`; return it. Raises TimedOut with its last warning."""
    resource, deadline = _resource(kind), time.monotonic() + timeout
    place = _place(resource, namespace)
    found: Object | None = None
    while (left := deadline - time.monotonic()) > 0:
        with asking(f"{kind} '{name}'"):
            flow = resource.watch(
                field_selector=f"metadata.name={name}",
                timeout=max(min(int(left), _WATCH), 1),
                watcher=watch.Watch(),
                **place,
            )
            for event in flow:
                found = dict(event["object"].to_dict())
                if event["type"] != "DELETED" and is_so(found):
                    return found
    happened = events_of(found) if found else []
    warnings = [event["message"] for event in happened if event.get("type") == "Warning"]
    raise TimedOut(
        f"after {timeout:g} s still waiting for {kind} '{name}' {what}"
        + (f"; its last warning: {warnings[-1]}" if warnings else ""),
        f"`kubectl describe {kind.lower()} {name}`",
    )
