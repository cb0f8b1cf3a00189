"""The one way out of a lab: from a port in the lab's network to the API of its grading cluster. Bytes go through as they are;
they are TLS, so nothing here could read or change them.

Run as a program by root: it listens in the lab's network namespace, goes back to this machine's, and gives up every privilege
before it takes the first connection.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from environment import bootstrap, paths
from environment.errors import EnvironmentProblem

if TYPE_CHECKING:
    from environment.grading.lab import Lab

#: Where the API is asked for in a lab.
PORT = 6443
ADDRESS = f"https://127.0.0.1:{PORT}"
#: Connections at a time; more wait.
_CONNECTIONS = 100
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


def _enter(network: int) -> None:
    """Move this process into a network namespace (setns(2): Python has it from 3.12 on)."""
    if ctypes.CDLL(None, use_errno=True).setns(network, _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


def _listen(network: str) -> socket.socket:
    """A socket that listens in another network namespace."""
    with Path("/proc/self/ns/net").open("rb") as ours, Path(network).open("rb") as theirs:
        _enter(theirs.fileno())
        try:
            return socket.create_server(("127.0.0.1", PORT), backlog=_CONNECTIONS)
        finally:
            _enter(ours.fileno())


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
        target.write_eof()


async def _serve(listener: socket.socket, port: int) -> None:
    room = asyncio.Semaphore(_CONNECTIONS)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with room:
            with contextlib.suppress(OSError):
                api_reader, api_writer = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(_pump(reader, api_writer), _pump(api_reader, writer))
                api_writer.close()
            writer.close()

    async with await asyncio.start_server(carry, sock=listener) as server:
        print("listening", flush=True)
        await server.serve_forever()


@contextlib.contextmanager
def across(where: "Lab", port: int, user: int) -> Iterator[None]:
    """Let processes in the lab reach this machine's loopback port `port`; what carries the bytes runs as `user`.

    Raises EnvironmentProblem when the lab's port is taken: nothing but this may answer there.
    """
    python = bootstrap.environment_folder("lab") / "bin" / "python"
    words = [str(python), "-m", "environment.grading.bridge", f"/proc/{where.init['pid']}/ns/net", str(port), str(user)]
    with subprocess.Popen(words, cwd=paths.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        try:
            if not (running.stdout and running.stdout.readline()):
                raise EnvironmentProblem("the lab's way to its cluster could not be opened.")
            yield
        finally:
            running.kill()


def main(network: str, port: int, user: int) -> None:
    """Carry bytes until killed."""
    listener = _listen(network)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    asyncio.run(_serve(listener, port))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
