"""Pictures of live objects. Each is a matplotlib figure (JupyterLab and the reading site show it) with a text twin."""

from helpers.views.containers import lifecycle, stats

__all__ = ["lifecycle", "stats"]
