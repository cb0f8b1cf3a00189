"""Jupyter kernels for judging: cells run one by one, with limits on time and output, in a kernel that may be hostile."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from environment import labenv, paths

#: Of what one cell prints, this much is kept (characters); a single message may have this many bytes.
LARGEST_TEXT, LARGEST_MESSAGE = 20_000, 8 << 20
START_SECONDS = 60.0
#: A kernel that was interrupted, or gives no sign of life for so long, is given up.
GRACE_SECONDS = 8.0


@dataclass
class Ran:
    """What a cell did: the data of its result, what it printed (cut), and `Name: message` where it failed."""

    data: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    error: str = ""

    def take(self, message: dict[str, Any]) -> None:
        """Keep what a message of the kernel tells."""
        kind, content = message["msg_type"], message["content"]
        if kind == "execute_result":
            self.data.update(content["data"])
        elif kind == "error":
            self.error = f"{content['ename']}: {content['evalue']}"[:LARGEST_TEXT]
        elif kind == "stream":
            self.text += str(content["text"])[: LARGEST_TEXT - len(self.text)]


class Kernel:
    """A running kernel. `alive` says whether its process lives, where that can be seen; `end` ends it."""

    def __init__(
        self,
        client: BlockingKernelClient,
        *,
        interrupt: Callable[[], object],
        alive: Callable[[], bool],
        end: Callable[[], object],
    ) -> None:
        self._client, self._interrupt, self._alive, self._end = client, interrupt, alive, end
        self.lost = ""
        client.start_channels()
        client.wait_for_ready(timeout=START_SECONDS)

    def execute(self, source: str, seconds: float) -> Ran:
        """Run `source` for up to `seconds`. A kernel that is dead, or can't be interrupted, runs nothing any more."""
        if self.lost:
            return Ran(error=self.lost)
        ran, sent = Ran(), self._client.execute(source, stop_on_error=False)
        if self._follow(sent, ran, time.monotonic() + seconds):
            return ran
        if self._alive():
            self._interrupt()
            if self._follow(sent, ran, time.monotonic() + GRACE_SECONDS):
                ran.error = f"TimeoutError: the cell did not end within {seconds:.0f} s"
                return ran
            self.lost = f"TimeoutError: a cell did not end within {seconds:.0f} s and could not be interrupted"
        else:
            self.lost = "DeadKernelError: the kernel ended"
        ran.error = self.lost
        return ran

    def _follow(self, sent: str, ran: Ran, deadline: float) -> bool:
        """Take the messages of the request `sent` until the kernel has answered it; False when it does not."""
        while time.monotonic() < deadline:
            try:
                message = self._client.get_iopub_msg(timeout=min(1.0, max(0.01, deadline - time.monotonic())))
            except Empty:
                if not self._alive():
                    return False
                continue
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return True
            ran.take(message)
        return False

    def close(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._end()


def local(folder: Path, sockets: Path | None = None, **extra: str) -> Kernel:
    """A new kernel in the lab's environment plus `extra`, working in `folder`; `sockets` is a folder of ours."""
    # Unix sockets in our own folder: over TCP, other users of the machine could read along.
    sockets = sockets or paths.runtime() / "kernels"
    sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sockets / f"{secrets.token_hex(6)}.json"
    manager = KernelManager(kernel_name="python3", transport="ipc", connection_file=str(connection))
    manager.start_kernel(env={**labenv.lab(), **extra}, cwd=str(folder))
    return Kernel(
        manager.client(),
        interrupt=manager.interrupt_kernel,
        alive=manager.is_alive,
        end=lambda: manager.shutdown_kernel(now=True),
    )


def attached(connection_file: Path) -> Kernel:
    """A kernel that somebody else started and will end. It may be hostile: larger messages cut its line."""
    context = zmq.Context()  # type: ignore[attr-defined]
    context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)  # type: ignore[attr-defined]
    client = BlockingKernelClient(connection_file=str(connection_file), context=context)
    client.load_connection_file()
    last_beat = time.monotonic()

    def alive() -> bool:
        nonlocal last_beat
        if client.hb_channel.is_beating():
            last_beat = time.monotonic()
        return time.monotonic() - last_beat < GRACE_SECONDS

    return Kernel(
        client,
        interrupt=lambda: client.control_channel.send(client.session.msg("interrupt_request", {})),
        alive=alive,
        end=lambda: None,
    )
