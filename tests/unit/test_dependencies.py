"""What a lesson's proofs depend on: enough to notice every change, and no more."""

from pathlib import Path

import pytest

from environment import paths
from environment.grading import dependencies, proofs


def _names(*sources: str) -> set[str]:
    return {str(path.relative_to(paths.ROOT)) for path in dependencies.modules(*sources)}


def test_imports_are_followed_into_functions_and_packages() -> None:
    found = _names("from helpers import lessons")
    assert {"helpers/__init__.py", "helpers/lessons.py", "helpers/on_cluster.py", "helpers/images.py"} <= found
    assert "environment/cluster/kind.py" in found
    assert "helpers/checks/meshed.py" not in found
    assert {"helpers/mesh.py", "helpers/mesh_rules.py"} <= _names("from helpers.checks.meshed import calls")
    assert _names("import json") == set()


def test_every_lesson_can_be_read_and_gets_the_same_name_twice() -> None:
    for lesson in proofs.lessons():
        assert dependencies.content_hash(lesson) == dependencies.content_hash(lesson)


@pytest.mark.parametrize(
    ("changed", "lesson", "matters"),
    [
        ("helpers/checks/admission.py", "3-03-scan-sign-retain", True),
        ("helpers/checks/admission.py", "2-03-containers", False),
        ("helpers/checks/verdict.py", "2-03-containers", True),
        ("helpers/views/containers.py", "2-03-containers", True),
        ("environment/images/nginx/recipe.toml", "2-03-containers", True),
        ("environment/cluster/addons/kyverno/probe.yaml", "3-03-scan-sign-retain", True),
        ("environment/cluster/addons/kyverno/probe.yaml", "4-01-architecture", False),
        ("environment/cluster/node/setup.sh", "4-01-architecture", True),
        ("environment/grading/judge.py", "1-01-what-is-a-container", False),
        ("tests/mistakes/3-03-scan-sign-retain/admitting.another-key", "3-03-scan-sign-retain", True),
    ],
)
def test_a_change_is_noticed_where_it_matters(
    changed: str, lesson: str, matters: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, read = dependencies.content_hash(lesson), Path.read_bytes
    assert (paths.ROOT / changed).is_file()

    def other(path: Path) -> bytes:
        return read(path) + (b"\n" if path == paths.ROOT / changed else b"")

    monkeypatch.setattr(Path, "read_bytes", other)
    assert (dependencies.content_hash(lesson) != before) is matters


@pytest.mark.parametrize("name", ["inside.sh", "namespace.yaml"])
def test_marks_depend_on_the_labs_as_well(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson, read = "2-03-containers", Path.read_bytes
    before = dependencies.judged_by(lesson)
    changed = paths.ROOT / "environment" / "grading" / "isolation" / name
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b"#" if path == changed else b""))
    assert dependencies.judged_by(lesson) != before
