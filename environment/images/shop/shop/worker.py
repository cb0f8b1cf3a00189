"""The worker: takes orders from the queue and ships them; goes on through restarts of both stores."""

import json
import signal
import time
from types import FrameType

import psycopg
import redis
from prometheus_client import Counter, start_http_server

from shop import settings, store

SHIPPED = Counter("shop_orders_shipped_total", "Orders shipped")
_RETRY_SECONDS = 1.0


def run() -> None:
    """Work until SIGTERM; the order in hand is finished first. An order whose shipping failed is queued again."""
    running = True

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    start_http_server(settings.PORT)
    print(f"worker {settings.VERSION} waits for orders", flush=True)
    while running:
        number: int | None = None
        try:
            entry = store.queue().blpop([store.QUEUE], timeout=1)
            if entry:
                number = json.loads(entry[1])["id"]
                store.ship(number)
                SHIPPED.inc()
                print(f"order {number} shipped", flush=True)
        except (redis.RedisError, psycopg.Error) as error:
            print(f"a store does not answer: {error}", flush=True)
            time.sleep(_RETRY_SECONDS)
            if number is not None:
                store.queue().lpush(store.QUEUE, json.dumps({"id": number}))
    print("worker stopped", flush=True)
