"""The cache of built programs: what was tampered with is not used."""

from pathlib import Path

import pytest

from environment import files, versions
from environment.supply import golang


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache entry for runc, as a build leaves it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    runc = versions.components()[0]
    folder = tmp_path / "containers-course" / "tools" / runc.name / golang.key(runc)
    folder.mkdir(parents=True)
    (folder / runc.name).write_bytes(b"a program")
    (folder / "sha256").write_text(files.sha256(folder / runc.name) + "\n")
    return folder


def test_an_intact_entry_is_used(entry: Path) -> None:
    assert golang.cached(versions.components()[0]) == entry / "runc"


@pytest.mark.parametrize("damage", ["changed", "truncated", "no checksum"])
def test_a_damaged_entry_is_refused_and_removed(entry: Path, damage: str) -> None:
    if damage == "no checksum":
        (entry / "sha256").unlink()
    else:
        (entry / "runc").write_bytes(b"a program!" if damage == "changed" else b"a prog")
    assert golang.cached(versions.components()[0]) is None
    assert not entry.exists()


def test_the_key_changes_with_the_recipe() -> None:
    runc, *others = versions.components()
    assert golang.key(runc) == golang.key(runc)
    assert len({golang.key(component) for component in [runc, *others]}) == len(others) + 1


def test_every_component_belongs_to_a_stage_and_to_a_locked_module() -> None:
    for component in versions.components():
        stages = {"engine", "plugins", "cluster", "node", "client", "charts", "metrics", "registry"}
        assert component.stage in stages | {
            "signing",
            "admission",
            "mesh",
            "mesh-client",
            "ingress",
            "load-balancer",
            "conformance",
        }
        assert (golang.MODULES / component.module / "go.sum").exists()


def test_caches_stay_while_somebody_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    built = tmp_path / "containers-course" / "go" / "build"
    built.mkdir(parents=True)
    with files.lock("go-caches", shared=True), files.lock("go-caches", shared=True):
        golang.drop_caches()
        assert built.exists()
    golang.drop_caches()
    assert not built.exists()
