"""The API: products and orders; health, readiness, metrics; endpoints that are slow or fail on demand."""

import asyncio
import itertools
import random
import time
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop import settings, store, telemetry

_STARTED = time.monotonic()
_calls = itertools.count(1)


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)


async def healthz(_: Request) -> Response:
    """Alive: the process answers. Says nothing about what it depends on."""
    return JSONResponse({"status": "alive", "version": settings.VERSION})


async def readyz(_: Request) -> Response:
    """Ready: started up, and every configured store answers."""
    left = settings.START_SECONDS - (time.monotonic() - _STARTED)
    problems = [f"still starting, {left:.0f} s to go"] if left > 0 else await run_in_threadpool(store.problems)
    return JSONResponse({"ready": not problems, "problems": problems}, status_code=503 if problems else 200)


async def version(_: Request) -> Response:
    """Which version answers."""
    return JSONResponse({"version": settings.VERSION})


async def products(_: Request) -> Response:
    """The products. v3 has a defect: every third call fails."""
    if settings.VERSION == "v3" and next(_calls) % 3 == 0:
        return _error(500, "the price list is broken (a defect of v3)")
    return JSONResponse(store.products())


async def order(request: Request) -> Response:
    """`POST {"product": "tea", "quantity": 2}`: 201 with the order, 400 for nonsense, 503 without a store."""
    try:
        wanted: dict[str, Any] = await request.json()
        product, quantity = wanted["product"], int(wanted.get("quantity", 1))
    except (ValueError, KeyError, TypeError):
        return _error(400, 'send {"product": "tea", "quantity": 2}')
    if product not in store.PRODUCTS or not 1 <= quantity <= 100:
        return _error(400, f"product: one of {', '.join(store.PRODUCTS)}; quantity: 1 to 100")
    if not (settings.database_url() and settings.REDIS_URL):
        return _error(503, "orders need DATABASE_URL and REDIS_URL")
    problems = await run_in_threadpool(store.problems)
    if problems:
        return _error(503, "; ".join(problems))
    return JSONResponse(await run_in_threadpool(store.order, product, quantity), status_code=201)


async def find(request: Request) -> Response:
    """One order."""
    if not settings.database_url():
        return _error(503, "orders need DATABASE_URL")
    row = await run_in_threadpool(store.find, request.path_params["number"])
    return JSONResponse(row) if row else _error(404, "no such order")


async def slow(request: Request) -> Response:
    """Answers after `?seconds=` (at most 60)."""
    seconds = min(float(request.query_params.get("seconds", "1")), 60)
    await asyncio.sleep(seconds)
    return JSONResponse({"slept": seconds})


async def fail(request: Request) -> Response:
    """Fails with `?status=` (500), in a share of `?rate=` of the calls (1.0)."""
    if random.random() < float(request.query_params.get("rate", "1")):  # noqa: S311 - no secret depends on it
        return _error(int(request.query_params.get("status", "500")), "failed on demand")
    return JSONResponse({"status": "fine this time"})


app = Starlette(
    routes=[
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", telemetry.metrics),
        Route("/api/version", version),
        Route("/api/products", products),
        Route("/api/orders", order, methods=["POST"]),
        Route("/api/orders/{number:int}", find),
        Route("/api/slow", slow),
        Route("/api/fail", fail),
    ],
    middleware=[Middleware(BaseHTTPMiddleware, dispatch=telemetry.measured("api"))],
)
