"""What runs in the judge's sandbox: conducts one submission. The job comes on stdin as one JSON document; on stdout goes one
JSON document a line: each verdict as it falls, at last what the submission's cells printed and how they failed.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import cast

from environment.grading import executor, kernels

#: All that the submission's cells printed, together (characters).
LARGEST_TEXTS = 200_000


def _tell(kind: str, **what: object) -> None:
    print(json.dumps({"kind": kind, **what}), flush=True)


class _Watched:
    """The learner's kernel; that it is lost is told at once, so that it is ended before anything else is looked at."""

    def __init__(self, kernel: kernels.Kernel) -> None:
        self._kernel = kernel

    @property
    def lost(self) -> str:
        """How it was lost, if it was."""
        return self._kernel.lost

    def execute(self, source: str, seconds: float) -> kernels.Ran:
        """Run `source`, as a kernel does."""
        lost, ran = self.lost, self._kernel.execute(source, seconds)
        if self.lost and not lost:
            _tell("lost")
        return ran


def _cut(texts: dict[str, str]) -> dict[str, str]:
    left, kept = LARGEST_TEXTS, {}
    for name, text in texts.items():
        kept[name] = text[:left]
        left -= len(kept[name])
    return kept


def main() -> None:
    """Conduct the job on stdin."""
    job = json.load(sys.stdin)
    learner = _Watched(kernels.attached(Path(job["learner"])))
    # Its sockets had to be the group's as well; what the submission makes is made as on any machine.
    learner.execute("import os; os.umask(0o022); del os", job["seconds"])
    judge = kernels.local(Path.cwd(), Path.cwd() / "kernels", COURSE_JUDGE="1")
    try:
        outcome = executor.conduct(
            job["cells"],
            cast("kernels.Kernel", learner),  # all that is asked of it is to execute
            judge,
            seconds=job["seconds"],
            tell=lambda verdict: _tell("verdict", **asdict(verdict)),
        )
        _tell("end", errors=_cut(outcome.errors), texts=_cut(outcome.texts), lost=learner.lost)
    finally:
        judge.close()
    # The learner's kernel may hold its end of a socket open for ever: nothing here is worth waiting for.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
