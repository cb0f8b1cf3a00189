"""Configuration, from the environment only."""

import os
from pathlib import Path

VERSION = os.environ.get("SHOP_VERSION", "v1")
PORT = int(os.environ.get("PORT", "8000"))
API_URL = os.environ.get("API_URL", "http://api:8000")
REDIS_URL = os.environ.get("REDIS_URL", "")
#: Seconds that the API needs before it is ready: for lessons on probes.
START_SECONDS = float(os.environ.get("START_SECONDS", "0"))


def database_url() -> str:
    """DATABASE_URL, with the password from the file DATABASE_PASSWORD_FILE where one is given."""
    url = os.environ.get("DATABASE_URL", "")
    secret = os.environ.get("DATABASE_PASSWORD_FILE")
    return f"{url} password={Path(secret).read_text().strip()}" if url and secret else url
