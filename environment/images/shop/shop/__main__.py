"""`python3 -m shop web|api|worker`, and `health`, which the image's HEALTHCHECK runs."""

import sys
import urllib.error
import urllib.request

from shop import settings


def _health() -> int:
    """0 if this container's server answers. Every part serves /metrics on PORT."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.PORT}/metrics", timeout=2):
            return 0
    except (urllib.error.URLError, OSError) as error:
        print(error)
        return 1


def main(part: str) -> int:
    """Run one part of the shop."""
    if part == "health":
        return _health()
    if part == "worker":
        from shop import worker

        worker.run()
        return 0
    if part not in {"web", "api"}:
        print(f"'{part}' is no part of the shop: web, api, worker or health")
        return 2
    import uvicorn

    from shop import telemetry

    telemetry.start(part)
    uvicorn.run(f"shop.{part}:app", host="0.0.0.0", port=settings.PORT, access_log=True)  # noqa: S104 - in a container
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "api"))
