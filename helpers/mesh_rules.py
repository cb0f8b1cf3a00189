"""The rules of a mesh, read for what is wrong with them: the faults that learners make, in words."""

from collections.abc import Iterator, Mapping

from helpers import kube, pods
from helpers.errors import CannotTell, CourseError
from helpers.manifests import Object

#: Rules reach the proxies some tenths of a second after they are applied, in seconds.
_YOUNG = 4.0
#: Kinds that say where calls go, and kinds that say what a workload takes.
ROUTES = ("VirtualService", "DestinationRule", "HTTPRoute")
ACCESS = ("PeerAuthentication", "AuthorizationPolicy", "EnvoyFilter")


def current(*kinds: str) -> list[Object]:
    """All rules of these kinds in the namespace; a kind that the cluster does not know has none."""
    found: list[Object] = []
    for kind in kinds:
        try:
            found += kube.ls(kind)
        except CannotTell:
            raise
        except CourseError:  # this cluster has no such kind
            continue
    return found


def _named(host: object, name: str) -> bool:
    """Whether a host in a rule is the Service `name` of this namespace, in one of the ways to write it."""
    space = kube.current_namespace()
    return host in {name, f"{name}.{space}", f"{name}.{space}.svc", f"{name}.{space}.svc.cluster.local"}


def _concerns(rule: Object, name: str) -> bool:
    """Whether the rule is one for calls to the Service `name`, or for pods with the label app=`name`."""
    spec = rule["spec"]
    if rule["kind"] in {"VirtualService", "DestinationRule"}:
        return any(_named(host, name) for host in [*(spec.get("hosts") or []), spec.get("host")])
    if rule["kind"] == "HTTPRoute":
        return name in [reference.get("name") for reference in spec.get("parentRefs") or []]
    chosen = (spec.get("selector") or {}).get("matchLabels") or (spec.get("workloadSelector") or {}).get("labels")
    return not chosen or name in chosen.values()


def young(name: str, rules: list[Object]) -> bool:
    """Whether a rule for `name`, a Service or an app, is so new that not every proxy may know it."""
    return any(pods.untouched(rule) < _YOUNG for rule in rules if _concerns(rule, name))


def _subsets(rules: list[Object], service: str) -> list[Object]:
    return [
        subset
        for rule in rules
        if rule["kind"] == "DestinationRule" and _named(rule["spec"].get("host"), service)
        for subset in rule["spec"].get("subsets") or []
    ]


def _faults_of_destination(destination: dict[str, object], services: set[str], rules: list[Object]) -> Iterator[str]:
    subset = destination.get("subset")
    host = next((name for name in services if _named(destination.get("host"), name)), "")
    if not host:
        yield f"it sends to the host '{destination.get('host')}', and there is no Service of that name here"
        return
    if not subset:
        return
    chosen = next((one for one in _subsets(rules, host) if one["name"] == subset), None)
    if chosen is None:
        yield f"it sends to the subset '{subset}' of '{host}', which no DestinationRule of that host has"
    elif not _pods_with(chosen.get("labels") or {}):
        labels = ",".join(f"{key}={value}" for key, value in (chosen.get("labels") or {}).items())
        yield f"its subset '{subset}' wants pods with {labels}, and there are none"


def _pods_with(labels: Mapping[str, str]) -> list[Object]:
    return kube.ls("Pod", selector=",".join(f"{key}={value}" for key, value in labels.items()))


def faults(host: str, rules: list[Object] | None = None) -> Iterator[str]:
    """What is wrong with the rules – those of ROUTES, if none are given – for calls to `host`, in words: the faults that
    learners make."""
    rules = current(*ROUTES) if rules is None else rules
    services = {str(one["metadata"]["name"]): one for one in kube.ls("Service")}
    if host in services:
        for port in services[host]["spec"]["ports"]:
            if str(port.get("name", "")).startswith(("tcp", "tls", "mongo", "mysql", "redis")):
                yield f"the Service's port is named '{port['name']}', so its traffic is not looked into: name it http"
    found = [one for one in rules if one["kind"] == "VirtualService" and _concerns(one, host)]
    for rule in found:
        name = f"VirtualService '{rule['metadata']['name']}'"
        for route in rule["spec"].get("http") or []:
            parts = route.get("route") or []
            for part in parts:
                yield from (
                    f"{name}: {fault}" for fault in _faults_of_destination(part["destination"], set(services), rules)
                )
            weights = [int(part.get("weight", 0)) for part in parts]
            if len(parts) > 1 and sum(weights) != 100:
                yield f"{name}: its weights {' + '.join(map(str, weights))} make {sum(weights)}, not 100"
    routes = [one for one in rules if one["kind"] == "HTTPRoute" and _concerns(one, host)]
    for one in routes:
        yield from _faults_of_route(one)
    if not found and not routes:
        yield f"no VirtualService here has the host '{host}', and no HTTPRoute belongs to it"
        yield from _elsewhere(host)


def _elsewhere(host: str) -> Iterator[str]:
    """Rules for this host that lie in another namespace, where they mean another Service."""
    here = kube.current_namespace()
    for rule in kube.ls("VirtualService", everywhere=True):
        place = rule["metadata"]["namespace"]
        if place != here and host in rule["spec"].get("hosts", []):
            yield f"VirtualService '{rule['metadata']['name']}' has it, but lies in the namespace '{place}', not '{here}'"


def _faults_of_route(route: Object) -> Iterator[str]:
    name = f"HTTPRoute '{route['metadata']['name']}'"
    for reference in route["spec"].get("parentRefs") or []:
        if reference.get("kind") != "Service":
            yield f"{name}: its parentRef says no `kind: Service`, so it waits for a Gateway"
    for parent in route.get("status", {}).get("parents") or []:
        for condition in parent.get("conditions") or []:
            if condition["status"] == "False":
                yield f"{name}: {condition['reason']}: {condition['message']}"
