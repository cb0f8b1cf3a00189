"""What the course adds to JupyterLab: a start page, Validate, restored cells, a terminal in the lesson's lab."""

from typing import Any


def _load_jupyter_server_extension(app: Any) -> None:
    """Jupyter Server calls this as it starts."""
    from environment.room import handlers

    handlers.load(app)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "environment.room"}]
