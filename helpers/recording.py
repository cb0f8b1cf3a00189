"""Records what happens to a namespace's pods, from the API's watch, while other cells run: `film = recording.follow()`."""

import threading
import time
from dataclasses import dataclass, field

import urllib3.exceptions
from kubernetes import dynamic, watch
from kubernetes.client.exceptions import ApiException

from helpers import connection, kube, pods
from helpers.manifests import Object


def word(pod: Object) -> str:
    """A pod's stage of life in one word."""
    phase = pod.get("status", {}).get("phase", "Pending")
    if pod["metadata"].get("deletionTimestamp"):
        return "ending"
    if phase in {"Succeeded", "Failed"}:
        return {"Succeeded": "done", "Failed": "failed"}[phase]
    if pods.is_ready(pod):
        return "ready"
    return "running" if phase == "Running" else "waiting"


@dataclass
class Film:
    """Stretches of the pods' lives, as they were watched; `began` is the Unix time of the start."""

    began: float = field(default_factory=time.time)
    changes: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    ended: float = 0.0
    problem: str = ""

    def note(self, pod: Object, gone: bool) -> None:
        """Write down the pod's stage, if it is a new one."""
        name, now = pod["metadata"]["name"], "gone" if gone else word(pod)
        known = self.changes.setdefault(name, [])
        self.images[name] = pod["spec"]["containers"][0]["image"]
        if not known or known[-1][1] != now:
            known.append((time.time() - self.began, now))

    def stretches(self) -> dict[str, list[tuple[str, float, float]]]:
        """For each pod: (stage, from, to), in seconds since the beginning, up to now or to `stop`."""
        end = (self.ended or time.time()) - self.began
        found = {}
        for name, changes in self.changes.items():
            ends = [at for at, _ in changes[1:]] + [end]
            found[name] = [(stage, at, to) for (at, stage), to in zip(changes, ends, strict=True) if stage != "gone"]
        return found

    def stop(self) -> "Film":
        """End the recording."""
        self.ended = self.ended or time.time()
        return self

    def __repr__(self) -> str:
        return f"<film of {len(self.changes)} pods, {'over' if self.ended else 'running'}>"


def follow(selector: str = "", seconds: int = 300) -> Film:
    """Begin to record the namespace's pods whose labels match `selector`, for at most `seconds`. Returns at once."""
    # A client of its own: a watch may be silent for longer than an answer.
    film, client = Film(), dynamic.DynamicClient(connection.fresh_client())
    where = kube.current_namespace()

    def watch_on() -> None:
        flow, pods_here = watch.Watch(), client.resources.get(api_version="v1", kind="Pod")
        options = {"namespace": where, "label_selector": selector, "timeout": seconds, "watcher": flow}
        try:
            for event in pods_here.watch(**options):
                if film.ended:
                    flow.stop()
                    return
                film.note(event["raw_object"], event["type"] == "DELETED")
        except (ApiException, urllib3.exceptions.HTTPError) as error:
            film.problem = f"the recording broke off ({type(error).__name__})"

    threading.Thread(target=watch_on, daemon=True).start()
    return film
