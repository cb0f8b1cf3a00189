"""Who may do what in a registry: tokens from an office, helpers for passwords, and a bell that hears of it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from environment import files, labenv
from helpers import containers, images, magics, market, owning, registries, wait
from helpers.checks import bell, registry, verify
from helpers.checks.decided import _judged
from helpers.engine import client

pytestmark = pytest.mark.usefixtures("engine")
RULES = {
    "users": {"ann": "apple", "bob": "banana"},
    "rules": [
        {"who": "ann", "names": "team/*", "may": ["pull", "push"]},
        {"who": "bob", "names": "team/*", "may": ["pull"]},
        {"who": "*", "names": "public/*", "may": ["pull"]},
    ],
}


@pytest.fixture(scope="module")
def guild(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a registry that trusts an office with these rules, and tells a bell of everything."""
    rules = tmp_path_factory.mktemp("rules")
    rules.chmod(0o755)
    (rules / "rules.json").write_text(json.dumps(RULES))
    for name in ("registry", "backoffice", "busybox"):
        images.pull(name)
    mounts = {"office": [f"{rules}:/rules:ro", "test-keys:/keys"], "registry": ["test-keys:/keys:ro"]}
    with (
        containers.run("course/backoffice:1", name="test-office", ports={0: 8080}, volumes=mounts["office"]) as office,
        containers.run("course/backoffice:1", ["bell"], name="test-bell", ports={0: 8080}) as ringing,
    ):
        wait.http(office.port(8080), "/token")  # it makes its key first, and the registry starts only with that
        realm = f"http://localhost:{office.port(8080)}/token"
        address = ringing.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        told = [{"name": "bell", "url": f"http://{address}:8080/", "timeout": "2s", "threshold": 3, "backoff": "1s"}]
        env = {
            "REGISTRY_AUTH": "token",
            "REGISTRY_AUTH_TOKEN_REALM": realm,
            "REGISTRY_AUTH_TOKEN_SERVICE": "guild",
            "REGISTRY_AUTH_TOKEN_ISSUER": "office",
            "REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE": "/keys/office.crt",
            "REGISTRY_NOTIFICATIONS_ENDPOINTS": json.dumps(told),
        }
        with containers.run(
            "registry:3", name="test-guild", ports={0: 5000}, env=env, volumes=mounts["registry"]
        ) as box:
            port = registries.get(box.port(5000)).port
            yield port
            owning.forget_registries([port])
    client().volumes.get("test-keys").remove()


def _push(port: int, user: str, password: str, name: str) -> subprocess.CompletedProcess[str]:
    script = f"""echo {password} | docker login -u {user} --password-stdin localhost:{port}
        docker tag busybox:1.37 localhost:{port}/{name}; docker push --quiet localhost:{port}/{name}; status=$?
        docker logout localhost:{port}; exit $status"""
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=labenv.lab())


def test_the_rules_decide_and_the_check_sees_what_is_really_so(guild: int) -> None:
    assert _push(guild, "ann", "apple", "team/box:1").returncode == 0
    assert _push(guild, "bob", "banana", "team/box:2").returncode != 0
    assert registries.Registry(guild, user="ann", password="apple").tags("team/box") == ["1"]
    right = {"team/box": "pull", "public/box": "pull", "other/box": ""}
    assert verify(registry(guild, "bob", "banana").may(right)).points == 1
    report = verify(registry(guild, "bob", "banana").may({**right, "team/box": "pull push"}))
    assert (report.points, "team/box: pull" in report.rows()[0]["seen"]) == (0, True)
    assert verify(registry(guild).may({"public/box": "pull", "team/box": ""})).points == 1
    # Who may nothing at all is not well guarded, but locked out.
    assert verify(registry(guild, "bob", "wrong").may({"team/box": ""})).points == 0


def test_the_bell_hears_of_pushes_and_of_pulls_made_now(guild: int) -> None:
    assert _push(guild, "ann", "apple", "public/bell:1").returncode != 0
    port = containers.Container("test-bell").port(8080)
    assert requests.get(f"http://127.0.0.1:{port}/events", timeout=5).json()
    report = verify(bell(port).rings_for(guild, "team/box", "9"))
    assert (report.points, "no push of '9'" in report.rows()[0]["seen"]) == (0, True)
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:1/events", timeout=1)
    assert "nobody tells" in verify(bell(1).rings_for(guild, "team/box", "1")).rows()[0]["seen"]


def test_a_helper_is_told_from_a_kept_password_and_both_are_taken_away(guild: int) -> None:
    settings = Path(labenv.lab()["DOCKER_CONFIG"]) / "config.json"
    asked = registry(guild, "ann", "apple")
    assert verify(asked.asks_helper()).points == 0
    magics.run_bash(f"echo apple | docker login -u ann --password-stdin localhost:{guild} > /dev/null 2>&1")
    assert "a password for this registry" in verify(asked.asks_helper()).rows()[0]["seen"]
    owning.forget_registries([guild])
    told = files.read_json(settings, {})
    files.write_json(settings, {**told, "credHelpers": {**told.get("credHelpers", {}), f"localhost:{guild}": "chest"}})
    assert verify(asked.asks_helper()).points == 1
    owning.forget_registries([guild])
    assert str(guild) not in settings.read_text()


@pytest.mark.parametrize("case", market.cases(), ids=lambda case: case.name)
def test_each_team_can_decide_and_reasons_count(case: market.Case) -> None:
    (fitting,) = case.fitting()
    assert _judged(case, {"registry": fitting, "because": sorted(case.needs)}).ok
    assert not _judged(case, {"registry": fitting, "because": []}).ok
    for offer in market.offers():
        assert _judged(case, {"registry": offer.name, "because": sorted(case.needs)}).ok == (offer.name == fitting)
    assert not _judged(case, fitting).ok
