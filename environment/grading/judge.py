"""Judges one submission in an isolated lab: its kernel in there, its judge in a sandbox beside it."""

import contextlib
import json
import os
import selectors
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environment import bootstrap, files, paths, process
from environment.errors import EnvironmentProblem
from environment.grading import bridge, clusters, confined, inside, lab, packages, unsharing
from environment.grading.executor import Cell

#: Beyond every lab's range: a judge is nobody else's user.
FIRST_ID = lab.FIRST_ID - 1_000
#: One line from the judge, and all of them (bytes): more is refused unread.
LARGEST_LINE, LARGEST_ALL = 1 << 20, 8 << 20
_STATE = f"{inside.DISK}/state/{paths.NAME}"


@dataclass
class Judged:
    """What a judge told. `problem` is set where it could not tell: the submission has then no mark."""

    verdicts: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    remarks: list[str] = field(default_factory=list)
    #: How the submission's kernel was lost, if it was.
    lost: str = ""
    usage: dict[str, float] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Points reached in all."""
        return float(sum(verdict["points"] or 0 for verdict in self.verdicts))


def _start_learner(where: lab.Lab, access: clusters.Access | None) -> Path:
    """Start the submission's kernel in the lab; return its connection file, by the name that it has in there."""
    from jupyter_client.connect import write_connection_file

    folder = where.sockets / "kernel"
    folder.mkdir()
    file, _ = write_connection_file(str(folder / "learner.json"), transport="ipc", ip="/run/lab/kernel/learner")
    owner = where.base + inside.LEARNER
    os.chown(folder, owner, owner)
    folder.chmod(0o2770)
    os.chown(file, owner, owner)
    Path(file).chmod(0o440)
    more = {}
    if access:
        kubeconfig = where.sockets / Path(inside.KUBECONFIG).name
        files.write_atomically(kubeconfig, access.learner)
        os.chown(kubeconfig, owner, owner)
        more = clusters.variables(inside.KUBECONFIG)
    seen = "/run/lab/kernel/learner.json"
    python = bootstrap.environment_folder("lab") / "bin" / "python"
    words = where.command(
        "env",
        "-i",
        *inside.words(builds=where.packages is not None, more=more),
        "sh",
        "-c",
        f"umask 007; exec {python} -m ipykernel_launcher -f {seen}",
        cwd=f"{inside.DISK}/home",
        doors=where.cgroups.kernel_doors,
    )
    # What the kernel's process itself writes goes nowhere: a file would be a way to fill our disk.
    nowhere = subprocess.DEVNULL
    subprocess.Popen(words, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
    return Path(seen)


def _start_judge(where: lab.Lab, group: confined.Group, access: clusters.Access | None) -> "subprocess.Popen[bytes]":
    judge = FIRST_ID + where.slot
    root = where.runtime / "judge"
    root.mkdir()
    group.make()
    record = where.runtime / "engine.json"
    files.write_json(record, inside.engine_record())
    kubeconfig = where.runtime / "kubeconfig-of-judge"
    if access:
        files.write_atomically(kubeconfig, access.judge)
    more = clusters.variables(f"{_STATE}/{kubeconfig.name}") if access else {}
    variables = {
        "PATH": os.environ["PATH"],
        "HERE": str(lab.HERE),
        "ROOT": str(root),
        "DISK": str(where.mounted),
        "ETC": str(where.etc),
        "BINDS": inside.bind_lines(where.course),
        "JUDGE": str(judge),
        "JUDGE_INSIDE": str(lab.IDS),
        "GROUPS_OF_LAB": f"{inside.DOCKER_GROUP},{inside.LEARNER}",
        "SOCKETS": str(where.sockets),
        "STATE": _STATE,
        "CGROUPS": " ".join(map(str, group.folders)),
        "ENGINE_RECORD": str(record),
        "VENVS": str(bootstrap.environment_folder("lab").parent),
        "JUDGE_ENV": " ".join(inside.words(more=more)),
        "KUBECONFIG_OF_JUDGE": str(kubeconfig) if access else "",
    }
    network = f"--net=/proc/{where.init['pid']}/ns/net"
    own = ["unshare", "--mount", "--propagation", "private", "--pid", "--ipc", "--fork", "--kill-child"]
    with (where.runtime / "judge.log").open("wb") as log:
        running = subprocess.Popen(
            ["nsenter", network, *own, "sh", str(lab.HERE / "judge.sh")],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    unsharing.map_ids(lambda: unsharing.child(running.pid), ((0, where.base, lab.IDS), (lab.IDS, judge, 1)), running)
    return running


def _start_packages(where: lab.Lab) -> "subprocess.Popen[bytes] | None":
    """Start what hands packages out in the lab; it tells on its output what was asked for and is not there."""
    if not where.packages:
        return None
    python = bootstrap.environment_folder("lab") / "bin" / "python"
    server = [str(python), "-m", "environment.grading.packages", packages.PLACE]
    words = where.command("env", "-i", *inside.words(), *server, user=inside.LIBRARIAN)
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=nowhere, stdout=subprocess.PIPE, stderr=nowhere, start_new_session=True)


def _missed(server: "subprocess.Popen[bytes]") -> list[str]:
    """End the server; what it had to refuse, cut: it lived in the lab, where its words may be anybody's."""
    assert server.stdout  # noqa: S101
    # It may live until the lab ends, so there is no end of file to wait for.
    os.set_blocking(server.stdout.fileno(), False)
    told = b""
    with contextlib.suppress(BlockingIOError):
        told = os.read(server.stdout.fileno(), packages.TOLD * 300)
    server.stdout.close()
    server.kill()
    server.wait(10)
    return [line[:200] for line in told.decode("ascii", "replace").splitlines()[: packages.TOLD]]


class _Lines:
    """Lines from a pipe, until a deadline and up to limits: the other end may be anybody by now."""

    def __init__(self, pipe: Any, deadline: float) -> None:
        self._pipe, self._deadline, self._buffer, self._seen = pipe, deadline, b"", 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as chooser:
            chooser.register(self._pipe, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not chooser.select(timeout=max(0.0, self._deadline - time.monotonic())):
                    raise EnvironmentProblem("the time for this submission was over.")
                chunk = os.read(self._pipe.fileno(), 65536)
                self._seen += len(chunk)
                if not chunk:
                    raise StopIteration
                self._buffer += chunk
                if len(self._buffer) > LARGEST_LINE or self._seen > LARGEST_ALL:
                    raise EnvironmentProblem("the judge told more than a judge has to tell.")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return dict(json.loads(line))


def judge(
    where: lab.Lab, cells: list[Cell], *, cell_seconds: float, seconds: float, access: clusters.Access | None = None
) -> Judged:
    """Run the cells in the lab and judge them; the whole of it may take `seconds`. `access` leads to the lab's cluster."""
    way = bridge.across(where, access.port, FIRST_ID + where.slot) if access else contextlib.nullcontext()
    with way:
        return _judge(where, cells, cell_seconds, seconds, access)


def _judge(
    where: lab.Lab, cells: list[Cell], cell_seconds: float, seconds: float, access: clusters.Access | None
) -> Judged:
    told, began = Judged(), time.monotonic()
    deadline = began + seconds
    group = confined.Group(f"{where.runtime.name}-judge", 1024, 200, 2.0)
    server = _start_packages(where)
    learner = _start_learner(where, access)
    running = _start_judge(where, group, access)
    try:
        assert running.stdin and running.stdout  # noqa: S101
        running.stdin.write(
            b"go\n" + json.dumps({"learner": str(learner), "cells": cells, "seconds": cell_seconds}).encode()
        )
        running.stdin.close()
        ended = False
        for line in _Lines(running.stdout, deadline):
            if line["kind"] == "verdict":
                if not process.alive(where.engine):
                    told.problem = "the lab's engine ended or was replaced while the submission ran."
                    return told
                told.verdicts.append({key: value for key, value in line.items() if key != "kind"})
                if line["points"] is None:
                    # There will be no mark: to wait for an engine that does not answer, check by check, is for nothing.
                    told.problem = line["error"]
                    return told
            elif line["kind"] == "lost":
                # What it left running would keep the engine from answering. Nothing of it can be wanted any more.
                where.cgroups.end_kernel()
            elif line["kind"] == "end":
                told.errors, told.texts, told.lost, ended = line["errors"], line["texts"], line["lost"], True
                told.remarks += [f"the notebook's kernel: {told.lost}"] if told.lost else []
        if not ended:
            log = (where.runtime / "judge.log").read_text(errors="replace").strip().splitlines()
            told.problem = f"the judge did not come to an end: {log[-1][:300] if log else 'without a word'}"
    except EnvironmentProblem as error:
        told.problem = error.what
    finally:
        used = {"judge_cpu_seconds": group.usage()["cpu_seconds"], "seconds": time.monotonic() - began}
        told.usage = where.cgroups.usage() | used
        running.kill()
        group.end()
        running.wait(10)
        if running.stdout:
            running.stdout.close()
        missed = _missed(server) if server else []
    if missed and not told.problem and told.points < sum(float(verdict["maximum"]) for verdict in told.verdicts):
        told.problem = f"a build asked for packages that the cache does not have: {', '.join(missed[:3])}"
    return told
