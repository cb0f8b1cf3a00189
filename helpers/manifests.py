"""Manifests: YAML text, files or dicts as objects, with errors that name the line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from helpers.errors import CourseError

Object = dict[str, Any]


def parse(manifest: str | Path | Object) -> list[Object]:
    """The objects in YAML text, a file, or a dict. Raises CourseError naming the line where it is no YAML."""
    if isinstance(manifest, Mapping):
        return [dict(manifest)]
    text = manifest.read_text() if isinstance(manifest, Path) else manifest
    try:
        documents = [document for document in yaml.safe_load_all(text) if document]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise CourseError(
            f"this is not valid YAML: {place}{getattr(error, 'problem', error)}.",
            "look at that line and the one above it: indentation (spaces, not tabs), a missing `:` or quote.",
        ) from None
    for document in documents:
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= set(document):
            raise CourseError("every object needs `apiVersion`, `kind` and `metadata`.", "`kubectl explain KIND`")
    return documents
