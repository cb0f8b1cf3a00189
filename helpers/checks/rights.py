"""Expectations about rights: whom a registry lets in, to do what, and where the password for it is kept."""

import os
from collections.abc import Callable
from pathlib import Path

from environment import files, labenv
from helpers import registries
from helpers.checks.verdict import Expectation, Seen
from helpers.lessons import read_answer


class RightsCheck:
    """What can be expected of the rights at the registry on a loopback port, asked as `user`."""

    def __init__(self, port: int, user: str, password: str, ca: Path | None) -> None:
        self._port = port
        self._asked = registries.Registry(port, user=user, password=password, ca=ca)
        self._plain = registries.Registry(port, ca=ca)

    def _expect(self, words: str, look: Callable[[], Seen], points: float, hint: str) -> Expectation:
        return Expectation(f"the registry on port {self._port} {words}", look, points, hint)

    def is_guarded(self, points: float = 1, hint: str = "`/v2/` without a password") -> Expectation:
        """It lets the user in, and nobody else: neither without a password nor with a wrong one."""

        def look() -> Seen:
            wrong = registries.Registry(self._port, user="nobody", password="wrong")  # noqa: S106
            told = {
                "with the password": self._asked.ask("GET", "").status_code,
                "without one": self._plain.ask("GET", "").status_code,
                "with a wrong one": wrong.ask("GET", "").status_code,
            }
            text = ", ".join(f"{how} it answers {status}" for how, status in told.items())
            return Seen(list(told.values()) == [200, 401, 401], text)

        return self._expect("lets in who has the password, and nobody else", look, points, hint)

    def may(
        self, wanted: dict[str, str], points: float = 1, hint: str = "the office's log says who asked for what"
    ) -> Expectation:
        """The user may do just this: `{"team/box": "pull push", "prod/box": "pull", "other/box": ""}`. Something has to be
        allowed: a registry that refuses everything guards nothing."""

        def look() -> Seen:
            can = {repository: " ".join(_can(self._asked, repository)) for repository in wanted}
            wrong = [repository for repository, actions in wanted.items() if can[repository] != actions]
            text = "; ".join(f"{repository}: {can[repository] or 'nothing'}" for repository in wrong or wanted)
            return Seen(not wrong and any(can.values()), f"{self._asked.user or 'nobody'} can do – {text}")

        told = "; ".join(f"{repository}: {actions or 'nothing'}" for repository, actions in wanted.items())
        return self._expect(f"lets {self._asked.user or 'people without a name'} do – {told}", look, points, hint)

    def takes(
        self, key: str, repository: str, actions: str, points: float = 1, hint: str = "the token's scope"
    ) -> Expectation:
        """The token that was given as the answer `key` opens the repository for just these actions (`pull push`)."""

        def look() -> Seen:
            given = read_answer(key)
            if not isinstance(given, str):
                return Seen(False, f'no token was given: `lesson.answer("{key}", …)` with a text')
            can = " ".join(_can(registries.Registry(self._port, token=given), repository))
            return Seen(can == actions, f"your token ({len(given)} characters) opens it for: {can or 'nothing'}")

        return self._expect(f"takes your token for {repository}, to {actions} and no more", look, points, hint)

    def has_no_login(self, points: float = 1, hint: str = "`docker logout`") -> Expectation:
        """It lets the user in, and Docker's configuration has no password for it."""
        return self._expect("has no password of a login left in Docker's configuration", self._kept, points, hint)

    def asks_helper(self, points: float = 1, hint: str = "`credHelpers` in Docker's config.json") -> Expectation:
        """It lets the user in; Docker's configuration names a program to ask for the password, and has none itself."""

        def look() -> Seen:
            kept = self._kept()
            if not kept.ok:
                return kept
            settings, told = _docker_settings()
            named = [program for host, program in told.get("credHelpers", {}).items() if self._is_here(host)]
            program = f"docker-credential-{named[0]}" if named else ""
            return Seen(bool(named), f"Docker asks {program}" if named else f"no helper for it is named in {settings}")

        return self._expect("is one whose password Docker asks a helper for", look, points, hint)

    def _kept(self) -> Seen:
        """Right where the user could log in and Docker's configuration keeps no password for it."""
        status = self._asked.ask("GET", "").status_code
        if status != 200:
            return Seen(False, f"it answers {status} to {self._asked.user or 'everybody'}, so nobody could log in")
        settings, told = _docker_settings()
        if any(self._is_here(host) and entry for host, entry in told.get("auths", {}).items()):
            return Seen(False, f"a password for this registry is in {settings}")
        return Seen(True, "no password is kept")

    def _is_here(self, host: str) -> bool:
        return host.endswith(f":{self._port}")


def _can(asked: registries.Registry, repository: str) -> list[str]:
    """What a registry really lets this client do; an upload that it opens is called off."""
    found = []
    # 404: it would tell, were there something.
    if asked.ask("GET", f"{repository}/tags/list").status_code in {200, 404}:
        found.append("pull")
    begun = asked.ask("POST", f"{repository}/blobs/uploads/")
    if begun.status_code == 202:
        found.append("push")
        asked.ask("DELETE", begun.headers["Location"].partition("/v2/")[2])
    return found


def _docker_settings() -> tuple[Path, dict[str, dict[str, str]]]:
    """Docker's configuration, and where it is. A judge has one of its own, and is shown the learner's."""
    folder = os.environ.get("COURSE_DOCKER_CONFIG") or labenv.lab()["DOCKER_CONFIG"]
    settings = Path(folder) / "config.json"
    return settings, dict(files.read_json(settings, {}))
