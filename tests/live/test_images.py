"""The catalog's images honour what learners use of the official ones, pulled or stand-in."""

from collections.abc import Callable

import pytest

from environment import versions
from environment.images import standin, supply
from helpers import containers, images, wait

pytestmark = pytest.mark.usefixtures("engine")


def _once(image: str, *command: str) -> str:
    """The output of a command in a new container of the catalog image."""
    images.pull(image)
    return supply.docker("run", "--rm", versions.image(image), *command)


def _eventually(act: Callable[[], str], wanted: str) -> None:
    wait.until(lambda: wanted in act(), f"'{wanted}'", timeout=30, every=0.2)


def test_debian_has_bash_and_apt() -> None:
    assert "trixie" in _once("debian", "bash", "-c", "cat /etc/os-release && apt-get --version")


def test_python_has_pip_and_takes_packages() -> None:
    assert _once("python", "python", "--version").startswith("Python 3.13")
    assert "pip" in _once("python", "pip", "--version")


def test_node_runs_scripts_and_npm() -> None:
    assert _once("node", "-e", "console.log(6 * 7)").strip() == "42"
    assert _once("node", "npm", "--version")[0].isdigit()
    assert "uid=1000(node)" in _once("node", "id", "node")


def test_redis_answers_and_does_not_run_as_root() -> None:
    images.pull("redis")
    with containers.run(versions.image("redis"), name="test-redis") as box:
        _eventually(lambda: box.exec("redis-cli ping")[1], "PONG")
        assert "redis" in box.exec(["sh", "-c", "stat -c %U /proc/1"])[1]


def test_nginx_serves_conf_d_and_templates(tmp_path: object) -> None:
    images.pull("nginx")
    command = (
        "echo 'server { listen 81; return 200 \"${WORD}\"; }' > /etc/nginx/templates/more.conf.template;"
        " mkdir -p /etc/nginx/templates; /docker-entrypoint.sh nginx; sleep 0.3; curl -s localhost:81"
    )
    script = "mkdir -p /etc/nginx/templates; " + command
    assert "spring" in supply.docker("run", "--rm", "--env", "WORD=spring", versions.image("nginx"), "sh", "-c", script)


def test_postgres_needs_a_password_then_initialises_once_and_keeps_data() -> None:
    images.pull("postgres")
    name, image = "test-postgres", versions.image("postgres")
    with containers.run(image, name=f"{name}-refused") as box:
        box.wait_for("exited")
        assert "POSTGRES_PASSWORD" in box.logs()
    env = {"POSTGRES_PASSWORD": "secret", "POSTGRES_USER": "shop", "POSTGRES_DB": "orders"}
    script = "echo 'CREATE TABLE t (n int); INSERT INTO t VALUES (7);' > /docker-entrypoint-initdb.d/1.sql; exec docker-entrypoint.sh postgres"
    with containers.run(image, ["bash", "-c", script], name=name, env=env) as box:
        # Not over 127.0.0.1: there the official image, too, trusts everybody.
        query = ["sh", "-c", "psql -h $(hostname -i) -U shop -d orders -tAc 'SELECT n FROM t'"]

        def ask() -> str:
            return str(box.raw.exec_run(query, environment={"PGPASSWORD": "secret"}).output.decode())

        _eventually(lambda: f"[{ask().strip()}]", "[7]")
        refused = box.raw.exec_run(query, environment={"PGPASSWORD": "wrong"}).output.decode()
        assert "password authentication failed" in refused
        box.raw.restart(timeout=5)
        _eventually(lambda: f"[{ask().strip()}]", "[7]")


@pytest.mark.parametrize("name", list(versions.table()["images"]))
def test_a_stand_in_says_so_and_holds_no_mirror_address(name: str) -> None:
    reference = images.pull(name).reference
    found = supply.inspect(reference)
    assert found
    labels = found["Config"].get("Labels") or {}
    if standin.LABEL not in labels:
        pytest.skip("pulled, not a stand-in")
    title = labels["org.opencontainers.image.title"]
    assert title.startswith(reference if reference.startswith(standin.OWN) else "Stand-in for ")
    assert title.endswith("made from packages by the course")
    if name == "busybox":
        return
    listed = supply.docker(
        "run",
        "--rm",
        "--entrypoint",
        "sh",
        reference,
        "-c",
        "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>&-; :",
    )
    assert "http" not in listed
    assert not [pair for pair in found["Config"].get("Env") or [] if pair.startswith("APT_CONFIG=/")]
