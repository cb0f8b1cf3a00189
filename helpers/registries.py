"""Registries on this machine: what they hold, as their HTTP API tells it (OCI Distribution Specification 1.1)."""

import hashlib
from pathlib import Path
from typing import Any

import requests

from environment.cluster import loading
from helpers import wait
from helpers.errors import CourseError, NotFound

#: What we can read. A registry hands out one of these; without the header some hand out an older format.
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_SECONDS = 5


def _as_told(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves the header as it is: a session with a user would put the password in the token's place."""
    return request


class Registry:
    """The registry on loopback port `port`. `ca` is a certificate file to trust: with one, it is asked over TLS.

    A registry that wants tokens is given one, from the office that it names, for `user` – or just the given `token`."""

    def __init__(
        self, port: int, *, user: str = "", password: str = "", token: str = "", ca: Path | None = None
    ) -> None:
        self.port, self.user = port, user
        self.url = f"{'https' if ca else 'http'}://localhost:{port}"
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of this machine does not know our loopback
        self._session.auth = (user, password) if user else None
        self._session.headers.update({"Authorization": f"Bearer {token}"} if token else {})
        self._fixed = bool(token)
        self._session.verify = str(ca) if ca else True

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request below `/v2/`; whatever the answer's status, it is returned. Raises CourseError when there is none."""
        headers = {"Accept": ", ".join(MANIFESTS), **options.pop("headers", {})}
        try:
            url = f"{self.url}/v2/{path}"
            reply = self._session.request(method, url, headers=headers, timeout=_SECONDS, **options)
            challenge = reply.headers.get("WWW-Authenticate", "")
            if reply.status_code == 401 and not self._fixed and challenge.lower().startswith("bearer "):
                told = requests.utils.parse_dict_header(challenge[len("bearer ") :])  # type: ignore[no-untyped-call]
                token = self._token({name: str(value) for name, value in told.items()})
                headers["Authorization"] = f"Bearer {token}"
                reply = self._session.request(method, url, headers=headers, timeout=_SECONDS, auth=_as_told, **options)
            return reply
        except requests.exceptions.SSLError as error:
            raise CourseError(f"the connection to port {self.port} is not trusted: {error.args[0]}") from None
        except requests.exceptions.RequestException as error:
            raise CourseError(f"no registry answers on port {self.port} ({type(error).__name__})") from None
        except OSError as error:  # requests' way to say so
            raise CourseError(f"{self._session.verify} cannot be used as a certificate ({error.args[0]})") from None

    def _token(self, told: dict[str, str]) -> str:
        """A token from the office that the registry names in its challenge; empty where it gives us none."""
        query = {name: told[name] for name in ("service", "scope") if name in told}
        reply = self._session.get(told.get("realm", ""), params=query, timeout=_SECONDS)
        return str(reply.json().get("token", "")) if reply.status_code == 200 else ""

    def _json(self, path: str) -> dict[str, Any]:
        reply = self.ask("GET", path)
        if reply.status_code == 404:
            raise NotFound(f"the registry on port {self.port} has no {path}")
        if reply.status_code != 200:
            raise CourseError(f"the registry on port {self.port} answers {reply.status_code} to {path}")
        return dict(reply.json())

    def catalog(self) -> list[str]:
        """The names of its repositories. (A public registry does not tell.)"""
        return list(self._json("_catalog")["repositories"] or [])

    def tags(self, repository: str) -> list[str]:
        """A repository's tags. Raises NotFound when nothing was ever pushed to it."""
        return list(self._json(f"{repository}/tags/list").get("tags") or [])

    def manifest(self, repository: str, reference: str) -> dict[str, Any]:
        """The manifest, or the index, that a tag or digest names. Raises NotFound."""
        return self._json(f"{repository}/manifests/{reference}")

    def digest(self, repository: str, reference: str) -> str:
        """The digest that a tag points to now. Raises NotFound."""
        reply = self.ask("HEAD", f"{repository}/manifests/{reference}")
        if "Docker-Content-Digest" not in reply.headers:
            raise NotFound(f"the registry on port {self.port} has no {repository}:{reference}")
        return str(reply.headers["Docker-Content-Digest"])

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether it would hand out the blob under this repository's name."""
        return self.ask("HEAD", f"{repository}/blobs/{digest}").status_code == 200

    def wait(self, timeout: float = 15) -> "Registry":
        """Wait until it answers, if only with 401. Raises WaitTimeout."""

        def up() -> bool:
            try:
                return self.ask("GET", "").status_code in {200, 401}
            except CourseError:
                return False

        wait.until(up, f"a registry to answer on port {self.port}", timeout=timeout)
        return self

    def __repr__(self) -> str:
        return f"<registry {self.url}>"


def get(port: int, *, user: str = "", password: str = "", ca: Path | None = None) -> Registry:
    """The registry on that port, once it answers (15 s at most).

    >>> get(5000).catalog()  # doctest: +SKIP
    ['team/box']
    """
    return Registry(port, user=user, password=password, ca=ca).wait()


def full_name(reference: str) -> str:
    """The address that an engine reads in a short name.

    >>> full_name("nginx")
    'docker.io/library/nginx:latest'
    """
    return loading.full_name(reference)


def digest_of(content: bytes) -> str:
    """The name of a blob: the SHA-256 of what is in it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
