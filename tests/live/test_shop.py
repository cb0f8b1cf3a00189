"""The demo application, whole: web, API and worker over PostgreSQL and Redis, on a network of its own."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from environment.images import shop, supply
from helpers import containers, images, networks, wait

NET = "test-shop"


@pytest.fixture(scope="module")
def stack(engine: None) -> Iterator[dict[str, containers.Container]]:
    """The running shop, v1."""
    for name in ("postgres", "redis"):
        images.pull(name)
    image = shop.build("v1")
    env = {
        "DATABASE_URL": "host=test-db user=postgres dbname=postgres password=secret",
        "REDIS_URL": "redis://test-queue:6379/0",
        "API_URL": "http://test-api:8000",
    }
    with networks.create(NET):
        parts = {
            "db": containers.run("postgres:17", name="test-db", env={"POSTGRES_PASSWORD": "secret"}, network=NET),
            "queue": containers.run("redis:8", name="test-queue", network=NET),
            "api": containers.run(image, ["api"], name="test-api", env=env, network=NET, ports={0: 8000}),
            "web": containers.run(image, ["web"], name="test-web", env=env, network=NET, ports={0: 8000}),
            "worker": containers.run(image, ["worker"], name="test-worker", env=env, network=NET),
        }
        try:
            wait.until(lambda: _ask(parts["api"], "/readyz")[0] == 200, "the API to be ready", timeout=40)
            yield parts
        finally:
            for box in parts.values():
                box.remove()


def _ask(box: containers.Container, path: str, body: Any = None) -> tuple[int, str]:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{box.port(8000)}{path}", data=data)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def _answers(box: containers.Container) -> None:
    wait.until(lambda: _ask(box, "/healthz")[0] == 200, "the API to answer")


def test_an_order_goes_through_api_queue_worker_and_database(stack: dict[str, containers.Container]) -> None:
    status, text = _ask(stack["api"], "/api/orders", {"product": "tea", "quantity": 2})
    assert (status, json.loads(text)["status"]) == (201, "new")
    number = json.loads(text)["id"]
    wait.until(lambda: "shipped" in _ask(stack["api"], f"/api/orders/{number}")[1], "the order to be shipped")


def test_the_page_shows_products_and_both_versions(stack: dict[str, containers.Container]) -> None:
    status, text = _ask(stack["web"], "/")
    assert status == 200
    assert "tea: 4.00 €" in text
    assert "web v1, api v1" in text


def test_nonsense_is_refused(stack: dict[str, containers.Container]) -> None:
    nonsense: list[Any] = [
        {},
        {"product": "yacht"},
        {"product": "tea", "quantity": 0},
        {"product": "tea", "quantity": "x"},
        [],
    ]
    for body in nonsense:
        assert _ask(stack["api"], "/api/orders", body)[0] == 400
    assert _ask(stack["api"], "/api/orders/999999")[0] == 404


def test_it_fails_and_is_slow_on_demand_and_counts_it(stack: dict[str, containers.Container]) -> None:
    assert _ask(stack["api"], "/api/fail?status=503")[0] == 503
    assert _ask(stack["api"], "/api/slow?seconds=0.2") == (200, '{"slept":0.2}')
    text = _ask(stack["api"], "/metrics")[1]
    assert 'shop_requests_total{part="api",path="/api/fail",status="503",version="v1"}' in text


def test_readiness_follows_the_database_and_liveness_does_not(stack: dict[str, containers.Container]) -> None:
    stack["db"].raw.stop(timeout=5)
    status, text = _ask(stack["api"], "/readyz")
    assert status == 503
    assert "database" in text
    assert _ask(stack["api"], "/healthz")[0] == 200
    stack["db"].raw.start()
    wait.until(lambda: _ask(stack["api"], "/readyz")[0] == 200, "the API to be ready again")


def test_the_image_is_small_does_not_run_as_root_and_becomes_healthy(stack: dict[str, containers.Container]) -> None:
    added = images.get("shop:v1").size_mb - images.get("python:3.13-slim").size_mb
    assert added <= 80, f"{added:.0f} MB more than the slim base"
    assert stack["api"].exec("id -u")[1].strip() == "10001"
    wait.until(lambda: stack["api"].attrs["State"]["Health"]["Status"] == "healthy", "the health check")
    wait.until(lambda: stack["worker"].attrs["State"]["Health"]["Status"] == "healthy", "the health check")


def test_the_versions_differ_as_they_say(engine: None) -> None:
    for version, price in (("v2", 3.6), ("v3", 3.6)):
        image = shop.build(version)
        with containers.run(image, ["api"], name=f"test-shop-{version}", ports={0: 8000}) as box:
            _answers(box)
            statuses = [_ask(box, "/api/products") for _ in range(6)]
            assert [status for status, _ in statuses].count(500) == (2 if version == "v3" else 0)
            assert json.loads(statuses[0][1])[0]["price"] == price
            assert version in supply.docker("image", "inspect", image)
