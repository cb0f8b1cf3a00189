"""Pictures of live objects. Each is a matplotlib figure (JupyterLab and the reading site show it) with a text twin."""

from helpers.views.containers import lifecycle, stats
from helpers.views.events import events
from helpers.views.images import layers
from helpers.views.networks import connections
from helpers.views.registries import registry_tree

__all__ = ["connections", "events", "layers", "lifecycle", "registry_tree", "stats"]
