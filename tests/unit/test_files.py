"""Locks, atomic writes and digests."""

import multiprocessing
from pathlib import Path

import pytest

from environment import files
from environment.errors import EnvironmentProblem


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def _hold(ready: "multiprocessing.synchronize.Event", release: "multiprocessing.synchronize.Event") -> None:
    with files.lock("start"):
        ready.set()
        release.wait(10)


def test_a_second_start_is_refused_and_told_who_holds_the_lock() -> None:
    context = multiprocessing.get_context("fork")
    ready, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(ready, release))
    other.start()
    assert ready.wait(10)
    with pytest.raises(EnvironmentProblem, match=str(other.pid)), files.lock("start"):
        pass
    release.set()
    other.join()
    with files.lock("start"):
        pass


def test_state_that_was_damaged_reads_as_the_default(tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text('{"kind": "own')
    assert files.read_json(tmp_path / "engine.json", {"kind": "none"}) == {"kind": "none"}


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="needs 1e\\+09 GB free"):
        files.require_free(tmp_path / "not" / "yet" / "there", 1e9, "the engine")


def test_remove_tree_takes_read_only_folders_but_follows_no_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    tree = tmp_path / "tree" / "modules"
    tree.mkdir(parents=True)
    (tree / "file").touch()
    (tree / "link").symlink_to(outside)
    tree.chmod(0o500)
    files.remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
    assert (outside / "kept").exists()
