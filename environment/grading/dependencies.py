"""What a lesson's verdicts depend on: the notebook, its proofs, and of the course's own code and versions what it can reach.

Followed statically (every `import` in every function), so that a new check or add-on leaves other lessons' proofs standing.
"""

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from environment import files, paths, versions
from environment.cluster import addons
from environment.images import standin
from environment.supply import golang

_OURS = ("helpers", "environment")
_ALWAYS = ("engine", "plugins")
_CLUSTER = ("cluster", "node", "client", "charts", "metrics")
TESTS = paths.ROOT / "tests"


def _file_of(module: str) -> Path | None:
    """The file of a module of ours; None for a name inside a module, and for what is not ours."""
    if module.partition(".")[0] not in _OURS:
        return None
    place = paths.ROOT.joinpath(*module.split("."))
    return next((one for one in (place.with_suffix(".py"), place / "__init__.py") if one.is_file()), None)


def _imported(source: str) -> Iterator[Path]:
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        for name in names:
            parts = name.split(".")
            # A package's own file runs before its modules'.
            yield from filter(None, (_file_of(".".join(parts[:length])) for length in range(1, len(parts) + 1)))


@cache
def _imports_of(path: Path, _changed: int) -> tuple[Path, ...]:
    return tuple(_imported(path.read_text()))


def modules(*sources: str, without: frozenset[Path] = frozenset()) -> list[Path]:
    """Files of all modules of ours that these sources import, directly or through others – but for those `without`, and
    what only they import."""
    found: set[Path] = set()
    waiting = [path for source in sources for path in _imported(source)]
    while waiting:
        path = waiting.pop()
        if path not in found | without:
            found.add(path)
            waiting += _imports_of(path, path.stat().st_mtime_ns)
    return sorted(found)


def _python(cells: list[dict[str, Any]]) -> list[str]:
    """The code cells that are Python; line magics left out."""
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    kept = [source for source in sources if not source.startswith("%%")]
    return ["\n".join(line for line in source.splitlines() if not line.startswith(("%", "!"))) for source in kept]


def _images(course: dict[str, Any]) -> list[str]:
    """Catalog names of the images that the lesson uses, with those they are made from."""
    names = [*course.get("images", []), *(["python"] if course.get("shop") else [])]
    names += [name for addon in course.get("addons", []) for name in addons.images(addon)]
    for name in names:
        base = standin.recipe(name).get("base")
        if base and base not in names:
            names.append(base)
    return list(dict.fromkeys(names))


def _components(course: dict[str, Any], images: list[str]) -> list[versions.Component]:
    stages = _ALWAYS + (_CLUSTER if course["needs"] == "cluster" else ())
    named = {*course.get("addons", []), *course.get("programs", [])}
    inside = {component.name for name in images for component, _ in standin.programs(name)}
    return [
        one
        for one in versions.components()
        if one.stage in stages or one.module in named or one.name in named or one.name in inside
    ]


def _folders(lesson: str, course: dict[str, Any], images: list[str]) -> list[Path]:
    cluster = paths.ROOT / "environment" / "cluster"
    folders = [paths.SOURCES / lesson, TESTS / "mistakes" / lesson, TESTS / "alternatives" / lesson]
    folders += [standin.RECIPES / name for name in images]
    folders += [standin.RECIPES / "shop"] if course.get("shop") or course.get("builds") else []
    folders += [cluster / "node", cluster / "patches"] if course["needs"] == "cluster" else []
    return folders + [cluster / "addons" / name for name in course.get("addons", [])]


def _clusters_alone() -> frozenset[Path]:
    """Where `lessons.open` and the background work turn to Kubernetes: no lesson without a cluster goes on from there."""
    helpers = paths.ROOT / "helpers"
    doors = [helpers / "clusters.py", helpers / "on_cluster.py", helpers / "kube.py", helpers / "namespaces.py"]
    return frozenset([*doors, *(paths.ROOT / "environment" / "cluster").glob("*.py")])


def content_hash(lesson: str) -> str:
    """Names everything that the lesson's proofs depend on."""
    document = json.loads((paths.SOURCES / lesson / f"{lesson}.ipynb").read_text())
    course = document["metadata"]["course"]
    images = _images(course)
    table = versions.table()
    parts: list[str | bytes] = [json.dumps([table["go"], table["engine"], table["cluster"]], sort_keys=True)]
    parts += [versions.image(name) for name in images]
    parts += [golang.key(component) for component in _components(course, images)]
    reached = modules(
        "import environment.grading.executor, environment.grading.proofs, helpers.lessons",
        *_python(document["cells"]),
        without=frozenset() if course["needs"] == "cluster" else _clusters_alone(),
    )
    for folder in _folders(lesson, course, images):
        reached += [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    for path in dict.fromkeys(reached):
        parts += [str(path.relative_to(paths.ROOT)), path.read_bytes()]
    return files.digest_of(*parts)


def judged_by(lesson: str) -> str:
    """Names everything that the marks of submissions depend on: what proofs do, and the labs that submissions run in."""
    grading = paths.ROOT / "environment" / "grading"
    labs = [path.read_bytes() for path in sorted(grading.rglob("*")) if path.suffix in {".py", ".sh", ".yaml"}]
    return files.digest_of(content_hash(lesson), *labs)
