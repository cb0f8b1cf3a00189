"""Manifests as upstream's Go modules ship them, fitted to our clusters: made once a version, and kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from environment import bootstrap, files, paths, versions
from environment.supply import golang

Documents = list[dict[str, Any]]


def manifest(
    name: str, component: str, place: str, fit: Callable[[Documents], Documents], *made_by: str | bytes
) -> Path:
    """The file `name` with what `fit` makes of the documents at `place` in the component's Go module. `made_by` names all that
    `fit` goes by: where it changes, the file is made anew.

    Raises EnvironmentProblem when the module can't be had.
    """
    known = versions.component(component)
    target = paths.cache() / "addons" / f"{name}-{files.digest_of(golang.key(known), *made_by)}"
    if not target.exists():
        text = (golang.source_folder(known, bootstrap.python()) / place).read_text()
        documents = [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]
        files.write_atomically(target, yaml.dump_all(fit(documents), Dumper=yaml.CSafeDumper))
    return target
