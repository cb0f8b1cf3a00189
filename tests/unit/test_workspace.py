"""The learner's copies: renewed while untouched, and never taken away with what the learner made."""

from pathlib import Path

import pytest

from environment import paths, workspace

LESSON = "1-01-what-is-a-container"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh workspace."""
    monkeypatch.setattr(paths, "WORKSPACE", tmp_path / "workspace")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    workspace.refresh()
    return tmp_path / "workspace"


def test_untouched_copies_go_and_leave_nothing(desk: Path) -> None:
    assert (desk / LESSON / f"{LESSON}.ipynb").exists()
    workspace.progress().write_text("{}")
    assert workspace.remove() == []
    assert not desk.exists()


def test_what_the_learner_changed_or_made_stays_with_the_marks(desk: Path) -> None:
    changed = desk / LESSON / f"{LESSON}.ipynb"
    changed.write_text(changed.read_text().replace("container", "Container", 1))
    (desk / "my own notes.ipynb").write_text("{}")
    backup = desk / "2-03-containers" / "backups" / "20261125-site.txt"
    backup.parent.mkdir()
    backup.write_text("my try")
    workspace.progress().write_text("{}")
    kept = workspace.remove()
    assert kept == [f"{LESSON}/{LESSON}.ipynb", "2-03-containers/backups/20261125-site.txt", "my own notes.ipynb"]
    assert all((desk / name).exists() for name in kept)
    assert workspace.progress().exists()
    assert not (desk / "2-04-dockerfile").exists()
