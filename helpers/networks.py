"""Networks: `create`, `get`, `ls`."""

from helpers.named import Named


class Network(Named):
    """One network, known by name."""

    kind = "network"


create = Network.ensure
get = Network.find
ls = Network.every
