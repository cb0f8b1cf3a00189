"""Reads versions.toml, the one place for every version."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@cache
def table() -> dict[str, Any]:
    """The whole of versions.toml."""
    return tomllib.loads((Path(__file__).with_name("versions.toml")).read_text())


@dataclass(frozen=True)
class Component:
    """A program of the lab that is built from Go modules."""

    name: str
    stage: str
    module: str
    package: str
    version: str
    set: tuple[str, ...] = ()
    gcflags: str = ""
    tags: tuple[str, ...] = ()
    cgo: bool = False
    links: tuple[str, ...] = ()


def components(stage: str | None = None) -> list[Component]:
    """The components of a stage (or all), in the order in which the learner waits for them."""
    lists = ("set", "tags", "links")
    rows = [Component(**row | {name: tuple(row.get(name, ())) for name in lists}) for row in table()["component"]]
    return [row for row in rows if stage in (None, row.stage)]


def component(name: str) -> Component:
    """The component of that name."""
    return next(one for one in components() if one.name == name)


def image(name: str) -> str:
    """The full reference of a catalog image: `image("nginx")` is `nginx:1.26`."""
    return str(table()["images"][name])
