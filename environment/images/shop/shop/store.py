"""Products, and orders in PostgreSQL with their queue in Redis."""

import json
from typing import Any

import psycopg
import redis
from psycopg.rows import dict_row

from shop import settings

PRODUCTS = {"tea": 4.0, "coffee": 6.5, "mug": 9.0}
DISCOUNT = 0.9
QUEUE = "orders"
_SCHEMA = """CREATE TABLE IF NOT EXISTS orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, product text NOT NULL, quantity int NOT NULL,
    status text NOT NULL DEFAULT 'new', created timestamptz NOT NULL DEFAULT now())"""


def connect() -> psycopg.Connection[dict[str, Any]]:
    """A connection to the database, its table made sure of. Raises psycopg.Error."""
    connection = psycopg.connect(settings.database_url(), row_factory=dict_row, connect_timeout=2)
    # Several parts may start at once: only one may create the table.
    connection.execute("SELECT pg_advisory_xact_lock(1)")
    connection.execute(_SCHEMA)
    connection.commit()
    return connection


def queue() -> "redis.Redis[str]":
    """The client of the queue."""
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True, socket_connect_timeout=2)


def products() -> list[dict[str, Any]]:
    """What there is to buy, in euros; since v2 with a discount."""
    factor = 1.0 if settings.VERSION == "v1" else DISCOUNT
    return [{"name": name, "price": round(price * factor, 2)} for name, price in PRODUCTS.items()]


def order(product: str, quantity: int) -> dict[str, Any]:
    """Write an order down and queue it for the worker."""
    with connect() as connection:
        row = connection.execute(
            "INSERT INTO orders (product, quantity) VALUES (%s, %s) RETURNING id, product, quantity, status",
            (product, quantity),
        ).fetchone()
    if row is None:
        raise psycopg.DataError("the order was not written")
    queue().rpush(QUEUE, json.dumps({"id": row["id"]}))
    return row


def find(number: int) -> dict[str, Any] | None:
    """An order by its number."""
    with connect() as connection:
        return connection.execute(
            "SELECT id, product, quantity, status FROM orders WHERE id = %s", (number,)
        ).fetchone()


def ship(number: int) -> None:
    """Mark an order as shipped."""
    with connect() as connection:
        connection.execute("UPDATE orders SET status = 'shipped' WHERE id = %s", (number,))


def problems() -> list[str]:
    """Which of the configured stores do not answer."""
    found = []
    if settings.database_url():
        try:
            connect().close()
        except psycopg.Error as error:
            found.append(f"database: {error}".strip().splitlines()[0])
    if settings.REDIS_URL:
        try:
            queue().ping()
        except redis.RedisError as error:
            found.append(f"queue: {error}")
    return found
