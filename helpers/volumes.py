"""Volumes: `create`, `get`, `ls`."""

from helpers.named import Named


class Volume(Named):
    """One volume, known by name."""

    kind = "volume"


create = Volume.ensure
get = Volume.find
ls = Volume.every
