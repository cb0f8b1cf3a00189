"""Metrics (Prometheus) and traces (OpenTelemetry, sent where OTEL_EXPORTER_OTLP_ENDPOINT says)."""

import os
import time
from collections.abc import Awaitable, Callable

from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shop import settings

REQUESTS = Counter("shop_requests_total", "HTTP requests", ["part", "path", "status", "version"])
SECONDS = Histogram("shop_request_seconds", "Duration of HTTP requests in seconds", ["part", "path"])


def start(part: str) -> None:
    """Name this process in traces; export them if an endpoint is configured."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"shop-{part}", "service.version": settings.VERSION})
    )
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def measured(part: str) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    """Middleware: one span, one count and one duration a request; the caller's trace is continued."""

    async def middleware(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        began = time.perf_counter()
        with trace.get_tracer("shop").start_as_current_span(
            f"{request.method} {request.url.path}",
            context=propagate.extract(dict(request.headers)),
            kind=trace.SpanKind.SERVER,
        ) as span:
            response = await go_on(request)
            span.set_attribute("http.response.status_code", response.status_code)
        route = request.scope.get("route")
        path = route.path if route else "other"
        REQUESTS.labels(part, path, response.status_code, settings.VERSION).inc()
        SECONDS.labels(part, path).observe(time.perf_counter() - began)
        response.headers["x-shop-version"] = settings.VERSION
        return response

    return middleware


async def metrics(_: Request) -> Response:
    """`GET /metrics`, in Prometheus' text format."""
    return PlainTextResponse(generate_latest().decode())
