"""The web page: asks the API for products, and shows which version of both answered."""

import html

import httpx
from opentelemetry import propagate
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from shop import settings, telemetry

_COLOURS = {"v1": "#0072b2", "v2": "#009e73", "v3": "#cc79a7"}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>shop {version}</title>
<body style="font-family: sans-serif; margin: 2em"><h1 style="color: {colour}">shop {version}</h1>{content}
<p><small>web {version}, api {api}</small></p></body></html>"""


async def page(request: Request) -> Response:
    """The start page; 502 where the API can't be reached or fails."""
    passed = {name: value for name, value in request.headers.items() if name.startswith("x-")}
    propagate.inject(passed)
    api, status = "unreachable", 502
    try:
        async with httpx.AsyncClient(base_url=settings.API_URL, timeout=5) as client:
            answer = await client.get("/api/products", headers=passed)
        api = answer.headers.get("x-shop-version", "unknown")
        answer.raise_for_status()
        items = "".join(f"<li>{html.escape(row['name'])}: {row['price']:.2f} €</li>" for row in answer.json())
        content, status = f"<ul>{items}</ul>", 200
    except httpx.HTTPError as error:
        content = f"<p>The shop has a problem: {html.escape(str(error) or type(error).__name__)}</p>"
    colour = _COLOURS.get(settings.VERSION, "#444444")
    text = _PAGE.format(version=html.escape(settings.VERSION), colour=colour, content=content, api=html.escape(api))
    return HTMLResponse(text, status_code=status)


async def healthz(_: Request) -> Response:
    """Alive."""
    return JSONResponse({"status": "alive", "version": settings.VERSION})


app = Starlette(
    routes=[Route("/", page), Route("/healthz", healthz), Route("/metrics", telemetry.metrics)],
    middleware=[Middleware(BaseHTTPMiddleware, dispatch=telemetry.measured("web"))],
)
