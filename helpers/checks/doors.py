"""Expectations about ways into the cluster, by Ingress or HTTPRoute: asked from this machine, as a browser would."""

import base64
import ssl
from collections.abc import Iterator

import urllib3

from helpers import clusters, kube, pods
from helpers.checks.verdict import Expectation, Seen
from helpers.errors import CannotTell, CourseError
from helpers.manifests import Object

_SECONDS = 3.0
#: The controller and its proxies need a moment after a change, in seconds.
_YOUNG = 6.0
_SHOW = "`kubectl get ingress,httproute`, then `kubectl describe`"


def _rules(host: str) -> list[Object]:
    """Ingresses and HTTPRoutes of the namespace for this host."""
    found = [one for one in kube.ls("Ingress") if host in [row.get("host") for row in one["spec"].get("rules") or []]]
    try:
        return found + [one for one in kube.ls("HTTPRoute") if host in (one["spec"].get("hostnames") or [])]
    except CannotTell:
        raise
    except CourseError:  # this cluster has no such kind
        return found


def _backends(rule: Object) -> Iterator[str]:
    """Names of the Services that the rule leads to."""
    for row in rule["spec"].get("rules") or []:
        for path in (row.get("http") or {}).get("paths") or []:
            yield str(((path.get("backend") or {}).get("service") or {}).get("name", ""))
        yield from (str(one.get("name", "")) for one in row.get("backendRefs") or [])


def _faults(host: str, rules: list[Object]) -> Iterator[str]:
    """What is wrong with the rules for the host, in words: the faults that learners make."""
    if not rules:
        yield f"no Ingress and no HTTPRoute of this namespace has the host '{host}'"
    services = {str(one["metadata"]["name"]) for one in kube.ls("Service")}
    for rule in rules:
        name = f"{rule['kind']} '{rule['metadata']['name']}'"
        missing = [one for one in _backends(rule) if one and one not in services]
        yield from (f"{name} leads to the Service '{one}', and there is none" for one in missing)
        if rule["kind"] == "Ingress" and not rule["spec"].get("ingressClassName"):
            yield f"{name} names no ingressClassName: no controller takes it, unless one is the default"
        if rule["kind"] == "HTTPRoute" and not rule.get("status", {}).get("parents"):
            yield f"{name} has a parentRef that no Gateway answers for"
        for parent in rule.get("status", {}).get("parents") or []:
            bad = [one for one in parent.get("conditions") or [] if one["status"] == "False"]
            yield from (f"{name}: {one['reason']}: {one['message']}" for one in bad)


def _trusted(secret: str) -> ssl.SSLContext:
    """Trust in nothing but the certificate in this Secret. Raises CourseError when there is none in it."""
    data = kube.get("Secret", secret).get("data") or {}
    try:
        return ssl.create_default_context(cadata=base64.b64decode(data["tls.crt"]).decode())
    except (KeyError, ValueError, ssl.SSLError):
        raise CourseError(f"Secret '{secret}' has no certificate under tls.crt") from None


def _reason(text: str) -> str:
    """What a failed connection means, in words."""
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"another certificate is shown ({text.rpartition('certificate verify failed: ')[2][:120]})"
    if "timed out" in text:
        return f"nothing comes back within {_SECONDS:g} s"
    if any(sign in text for sign in ("reset", "EOF", "RemoteDisconnected", "Connection aborted")):
        return "the connection is closed at once: no proxy listens for it yet"
    return text[:200]


def _ask(host: str, path: str, secret: str) -> tuple[int, str]:
    """The answer's status and text; status 0 and why where none came."""
    headers = {"Host": host}
    shape = clusters.current_shape()
    pool = (
        urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            clusters.port("https", shape),
            ssl_context=_trusted(secret),
            server_hostname=host,
            assert_hostname=host,
        )
        if secret
        else urllib3.HTTPConnectionPool("127.0.0.1", clusters.port("http", shape))
    )
    try:
        with pool:
            reply = pool.request("GET", path, headers=headers, timeout=_SECONDS, retries=False, redirect=False)
            return reply.status, reply.data.decode(errors="replace")
    except urllib3.exceptions.HTTPError as error:
        return 0, _reason(str(error))


class WayInCheck:
    """What can be expected of calls to `host` from outside of the cluster."""

    def __init__(self, host: str) -> None:
        self._host = host

    def answers(
        self, containing: str, path: str = "/", points: float = 1, hint: str = _SHOW, *, trusting: str = ""
    ) -> Expectation:
        """A GET is answered with this text. With `trusting`, over TLS, with the certificate in that Secret and no other."""

        def look() -> Seen:
            status, text = _ask(self._host, path, trusting)
            if status == 200 and containing in text:
                return Seen(True, f"the answer begins: {text[:120]!r}")
            rules = _rules(self._host)
            young = any(pods.untouched(one) < _YOUNG for one in rules)
            seen = f"status {status}: {text[:120]!r}" if status else f"no answer: {text}"
            return Seen(False, seen, young, "; ".join(_faults(self._host, rules)), patience=_YOUNG)

        words = f"{'https' if trusting else 'http'}://{self._host}{path} answers with '{containing}'"
        return Expectation(words, look, points, hint)


def way_in(host: str) -> WayInCheck:
    """What can be expected of calls from outside: `way_in("shop.example").answers("Welcome", trusting="shop-tls")`."""
    return WayInCheck(host)
