"""What a `%%bash` cell says of how its script ended."""

import pytest

from helpers import magics
from helpers.errors import CommandFailed


def test_an_end_by_a_signal_is_told_as_a_shell_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    magics.run_bash("kill -9 $$", expect_failure=True)
    assert "it failed with status 137, as expected" in capsys.readouterr().out
    with pytest.raises(CommandFailed, match="status 143"):
        magics.run_bash("kill -15 $$")


def test_a_failure_that_was_expected_and_did_not_come_is_told() -> None:
    with pytest.raises(CommandFailed, match="expected to fail"):
        magics.run_bash("true", expect_failure=True)
