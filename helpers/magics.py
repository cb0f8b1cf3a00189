"""`%%bash` for lessons: the lab's environment, output as it comes, and a failed command told in one line."""

import codecs
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers import notebook
from helpers.errors import CommandFailed

EXPECT_FAILURE = "--expect-failure"


def _stream(process: "subprocess.Popen[bytes]") -> None:
    """Pass the process's output on while it comes; multi-byte characters may be cut anywhere."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    assert process.stdout  # noqa: S101 - it is a pipe
    with selectors.DefaultSelector() as chooser:
        chooser.register(process.stdout, selectors.EVENT_READ)
        while True:
            # A command sent to the background keeps the pipe open: the cell ends when its shell has ended.
            if not chooser.select(timeout=0.05):
                if process.poll() is not None:
                    return
                continue
            chunk = os.read(process.stdout.fileno(), 65536)
            sys.stdout.write(decoder.decode(chunk, final=not chunk))
            if not chunk:
                return


def run_bash(script: str, *, prefix: Sequence[str] = (), cwd: Path | None = None, expect_failure: bool = False) -> None:
    """Run a bash script to its end. Raises CommandFailed when it fails, or when a failure was expected and did not come."""
    process = subprocess.Popen(
        [*prefix, "bash", "-c", script],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # In one stream with the rest, in order: JupyterLab paints stderr red, and docker tells its progress there.
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _stream(process)
        ended = process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    sys.stdout.flush()
    # As a shell tells the end by a signal: 128 and its number.
    status = 128 - ended if ended < 0 else ended
    if expect_failure:
        if status == 0:
            raise CommandFailed(
                "this was expected to fail, and it did not.", "look at the lab's state with `docker ps -a`."
            )
        print(f"(it failed with status {status}, as expected)")
    elif status:
        raise CommandFailed(f"the command ended with status {status}; its message is above.")


def register(cwd: Path, prefix: Sequence[str] = ()) -> None:
    """Make `%%bash` in this kernel run in the lesson's folder and place. Outside a notebook nothing happens."""
    shell = notebook.shell()
    if shell is None:
        return

    def bash(line: str, cell: str) -> None:
        run_bash(cell, prefix=prefix, cwd=cwd, expect_failure=EXPECT_FAILURE in line.split())

    shell.register_magic_function(bash, magic_kind="cell", magic_name="bash")
