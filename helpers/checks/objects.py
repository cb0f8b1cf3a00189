"""Expectations about any Kubernetes object: that it exists, and what its fields, its identity and its events say."""

from collections.abc import Callable
from typing import Any

from helpers import kube
from helpers.checks.verdict import Expectation, Seen
from helpers.manifests import Object

_DESCRIBE = "`kubectl describe {kind} {name}`"


def _dig(found: Any, path: str) -> Any:
    """The value at a dotted path; a number takes a list's item, `[name=x]`-like steps are written `containers.x`."""
    for step in path.split("."):
        if isinstance(found, list):
            named = [row for row in found if isinstance(row, dict) and row.get("name") == step]
            found = named[0] if named else (found[int(step)] if step.isdigit() and int(step) < len(found) else None)
        elif isinstance(found, dict):
            found = found.get(step)
        else:
            return None
    return found


class ObjectCheck:
    """What can be expected of one object, whatever its kind."""

    def __init__(self, kind: str, name: str, namespace: str | None = None) -> None:
        self._kind, self._name, self._namespace = kind, name, namespace

    def _object(self) -> Object:
        return kube.get(self._kind, self._name, namespace=self._namespace)

    def _hint(self, hint: str) -> str:
        return hint or _DESCRIBE.format(kind=self._kind.lower(), name=self._name)

    def _expect(self, wanted: str, probe: Callable[[Object], Seen], points: float, hint: str) -> Expectation:
        words = f"{self._kind} '{self._name}' {wanted}"
        return Expectation(words, lambda: probe(self._object()), points, self._hint(hint))

    def exists(self, points: float = 1, hint: str = "") -> Expectation:
        """It is in the cluster."""
        return self._expect(
            "exists", lambda _: Seen(True, "it exists"), points, hint or f"`kubectl get {self._kind.lower()}`"
        )

    def field(self, path: str, wanted: Any, points: float = 1, hint: str = "", *, words: str = "") -> Expectation:
        """The field at a dotted path (`spec.replicas`, `spec.containers.app.image`) has this value."""

        def probe(found: Object) -> Seen:
            value = _dig(found, path)
            return Seen(value == wanted, f"`{path}` is {value!r}")

        return self._expect(words or f"has {path} = {wanted!r}", probe, points, hint)

    def field_is(
        self, path: str, right: Callable[[Any], bool], words: str, points: float = 1, hint: str = ""
    ) -> Expectation:
        """The field at a dotted path satisfies `right`, which `words` describe. A missing field is never right."""

        def probe(found: Object) -> Seen:
            value = _dig(found, path)
            return Seen(value is not None and bool(right(value)), f"`{path}` is {value!r}")

        return self._expect(words, probe, points, hint)

    def is_the_same(self, uid: str | None, points: float = 1, hint: str = "") -> Expectation:
        """It is still the object that had this uid: it was changed, not deleted and made again."""

        def probe(found: Object) -> Seen:
            same = bool(uid) and found["metadata"]["uid"] == uid
            return Seen(same, "it is the same object" if same else "it is another one: it was deleted and made again")

        return self._expect("is still the same object", probe, points, hint)

    def saw_event(self, reason: str, points: float = 1, hint: str = "") -> Expectation:
        """An event with this reason happened to it."""

        def probe(found: Object) -> Seen:
            reasons = [str(event["reason"]) for event in kube.events_of(found)]
            return Seen(reason in reasons, f"its events are: {', '.join(dict.fromkeys(reasons)) or 'none'}")

        return self._expect(f"had the event {reason}", probe, points, hint)
