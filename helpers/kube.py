"""Kubernetes objects with kubectl's verbs: `apply`, `get`, `ls`, `delete`, `logs`, `exec`, `events`, `scale`, `reset`.

Over the kubernetes client; what has a watch is watched, not polled.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import urllib3.exceptions
from kubernetes import client as api
from kubernetes import config, dynamic, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.dynamic.exceptions import ResourceNotFoundError
from kubernetes.stream import stream

from helpers.connection import connect, fresh_client, kubeconfig
from helpers.errors import CannotTell, CourseError, NotFound, TimedOut
from helpers.manifests import Object, parse

MANAGER = "containers-course"
#: Seconds after which a watch is asked anew: less than a silent connection may last.
_WATCH = 8
_REMEDY = "run the lesson's first cell again: it brings the cluster back."


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """Turn what the client raises into the course's errors: CannotTell where the cluster can't be asked at all."""
    try:
        yield
    except ApiException as error:
        raise told(error, what) from None
    except ResourceNotFoundError:
        raise CourseError(f"this cluster knows no kind of object like {what}.", "`kubectl api-resources`") from None
    except (urllib3.exceptions.HTTPError, OSError, ConfigException) as error:
        raise CannotTell(f"the cluster does not answer ({type(error).__name__}).", _REMEDY) from error


def told(error: ApiException, what: str) -> CourseError:
    """The API's answer as one of the course's errors: NotFound, CannotTell where the API is ill, else a refusal."""
    try:
        message = str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        message = str(error.reason)
    if error.status == 404:
        return NotFound(f"there is no {what}.", "`kubectl get` lists what there is.")
    # A field that the schema does not have is the manifest's fault, though the API server answers 500.
    unknown_field = "failed to create typed patch object" in message
    if (error.status >= 500 and not unknown_field) or error.status == 429:
        return CannotTell(f"the cluster could not answer: {message}", _REMEDY)
    return CourseError(f"the cluster refuses {what}: {message}")


def client() -> dynamic.DynamicClient:
    """The dynamic client for the current kubeconfig. Raises CannotTell when the cluster does not answer."""
    path = Path(kubeconfig())
    with _asking("the API"):
        if not path.exists():
            raise CannotTell("there is no cluster yet.", _REMEDY)
        return connect(str(path), path.stat().st_mtime)


def current_namespace() -> str:
    """The default namespace: the open lesson's."""
    with _asking("the kubeconfig"):
        _, active = config.list_kube_config_contexts(kubeconfig())
    return str(active["context"].get("namespace", "default"))


def _known(kind: str, version: str) -> list[dynamic.resource.Resource]:
    with _asking(kind):
        return [
            resource
            for resource in client().resources.search(**({"group_version": version} if version else {}))
            if kind.lower() in {str(resource.kind).lower(), str(resource.name).lower(), *(resource.short_names or ())}
            and not str(resource.kind).endswith("List")
        ]


def _resource(kind: str, version: str = "") -> dynamic.resource.Resource:
    """The API resource for a kind (`Deployment`), a plural or a short name (`deploy`)."""
    found = _known(kind, version)
    if not found:
        # The client keeps the list of kinds on disk; an add-on may have brought this one since.
        forget_kinds()
        found = _known(kind, version)
    if not found:
        raise CourseError(f"this cluster knows no kind of object like '{kind}'.", "`kubectl api-resources`")
    return next((resource for resource in found if resource.preferred), found[0])


def forget_kinds() -> None:
    """Ask the cluster anew which kinds it knows: an add-on came or went."""
    with _asking("the API"):
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
        with _asking(f"{document['kind']} '{document['metadata'].get('name')}'"):
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
    with _asking(f"{kind} '{name}'{' in the namespace ' + place['namespace'] if place else ''}"):
        return dict(resource.get(name=name, **place).to_dict())


def ls(kind: str, *, selector: str = "", namespace: str | None = None, everywhere: bool = False) -> list[Object]:
    """All objects of a kind in the namespace (or `everywhere`), with labels that match `selector` (`app=web`)."""
    resource = _resource(kind)
    place = {} if everywhere else _place(resource, namespace)
    with _asking(kind):
        return [dict(item) for item in resource.get(label_selector=selector, **place).to_dict()["items"]]


def delete(kind: str, name: str, *, namespace: str | None = None, grace_seconds: int | None = None) -> None:
    """Delete an object; no error when it is gone already. Returns at once: `until_gone` waits."""
    resource = _resource(kind)
    options = {} if grace_seconds is None else {"grace_period_seconds": grace_seconds}
    try:
        with _asking(f"{kind} '{name}'"):
            resource.delete(
                name=name,
                body=api.V1DeleteOptions(propagation_policy="Background", **options),
                **_place(resource, namespace),
            )
    except NotFound:
        return


def scale(name: str, replicas: int, *, kind: str = "Deployment") -> Object:
    """Set the number of replicas."""
    resource = _resource(kind)
    with _asking(f"{kind} '{name}'"):
        body = {"spec": {"replicas": replicas}}
        done = resource.patch(
            name=name, body=body, content_type="application/merge-patch+json", **_place(resource, None)
        )
    return dict(done.to_dict())


def logs(pod: str, *, container: str | None = None, tail: int = 200, previous: bool = False) -> str:
    """The last lines of a container's output; with `previous`, of the one before its last restart."""
    core = api.CoreV1Api(client().client)
    with _asking(f"pod '{pod}'"):
        return str(
            core.read_namespaced_pod_log(
                pod, current_namespace(), container=container, tail_lines=tail, previous=previous
            )
        )


def exec(pod: str, command: Sequence[str], *, container: str | None = None, seconds: float = 20) -> tuple[int, str]:
    """Run a command in a pod; return its exit status and output. Raises CourseError when the pod can't run it."""
    core = api.CoreV1Api(fresh_client())
    options = {"container": container} if container else {}
    with _asking(f"to run a command in pod '{pod}'"):
        flow = stream(
            core.connect_get_namespaced_pod_exec,
            pod,
            current_namespace(),
            command=list(command),
            stderr=True,
            stdout=True,
            stdin=False,
            tty=False,
            _preload_content=False,
            **options,
        )
        flow.run_forever(timeout=seconds)
        # In this order: reading all output throws the status away.
        status = flow.returncode if not flow.is_open() else None
        output = flow.read_all()
        flow.close()
    return (124 if status is None else int(status)), str(output)


def events(name: str = "", *, kind: str = "", namespace: str | None = None) -> list[Object]:
    """Events of the namespace, oldest first; of one object where a name (and kind) is given."""
    found = [
        event
        for event in ls("Event", namespace=namespace)
        if (not name or event["involvedObject"].get("name") == name)
        and (not kind or event["involvedObject"].get("kind") == kind)
    ]
    return sorted(found, key=lambda event: str(event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]))


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
    while (left := deadline - time.monotonic()) > 0:
        with _asking(f"{kind} '{name}'"):
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
    warnings = [event["message"] for event in events(name) if event.get("type") == "Warning"]
    raise TimedOut(
        f"after {timeout:g} s still waiting for {kind} '{name}' {what}"
        + (f"; its last warning: {warnings[-1]}" if warnings else ""),
        f"`kubectl describe {kind.lower()} {name}`",
    )
