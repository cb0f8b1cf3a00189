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
    with selectors.DefaultSelector() as chooser:
        for pipe, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
            if pipe:
                chooser.register(pipe, selectors.EVENT_READ, (target, codecs.getincrementaldecoder("utf-8")("replace")))
        while chooser.get_map():
            # A command sent to the background keeps the pipes open: the cell ends when its shell has ended.
            ready = chooser.select(timeout=0.05)
            if not ready and process.poll() is not None:
                return
            for key, _ in ready:
                target, decoder = key.data
                chunk = os.read(key.fd, 65536)
                target.write(decoder.decode(chunk, final=not chunk))
                if not chunk:
                    chooser.unregister(key.fileobj)


def run_bash(script: str, *, prefix: Sequence[str] = (), cwd: Path | None = None, expect_failure: bool = False) -> None:
    """Run a bash script to its end. Raises CommandFailed when it fails, or when a failure was expected and did not come."""
    process = subprocess.Popen(
        [*prefix, "bash", "-c", script],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _stream(process)
        status = process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    sys.stdout.flush()
    sys.stderr.flush()
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
