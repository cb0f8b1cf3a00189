"""`new-lesson`: a lesson that runs, with one exercise and its proofs – the known shape, to be filled."""

import json
import re
from typing import Any

from environment import console, files, paths
from environment.errors import EnvironmentProblem
from environment.grading import dependencies, proofs
from environment.notebooks import normalise

_NAME = re.compile(r"^[1-9]-\d\d-[a-z0-9]+(-[a-z0-9]+)*$")
_TASK = """### ✎ Exercise 1 · the first

{task}

*Checked:* {checked}

<details><summary>Hint 1</summary>Where was something like it shown above?</details>
<details><summary>Hint 2</summary>`{hint}`</details>"""


def _engine(topic: str) -> dict[str, Any]:
    """The pieces of a lesson on the Docker Engine."""
    box = f"{topic}-first"
    run = "docker run --detach --name {box} --publish 127.0.0.1:$FIRST_PORT:80 {image}"
    right = run.format(box=box, image="nginx:1.26")
    return {
        "course": {
            "images": ["busybox", "nginx"],
            "ports": ["first"],
            "names": {"containers": [box]},
            "memory_mb": 1000,
        },
        "imports": "from helpers import lessons\nfrom helpers.checks import container, verify",
        "show": "docker run --rm busybox:1.37 echo hello",
        "task": f"Start **nginx:1.26** as the container `{box}`, its port 80 published on `127.0.0.1:$FIRST_PORT`.",
        "checked": "that the container runs, from that image.",
        "hint": "docker run --help",
        "right": right,
        "check": f'container("{box}").is_running(points=2, hint="`docker ps --all`"), '
        f'container("{box}").uses_image("nginx:1.26", points=1, hint="`docker inspect {box}`")',
        "mistakes": {
            "another-image": (run.format(box=box, image="busybox:1.37"), "nginx:1.26"),
            "created-only": (right.replace("docker run --detach", "docker create"), "created"),
        },
        "alternative": f"docker pull --quiet nginx:1.26 || true\n{right.replace('--detach', '-d')}",
    }


def _cluster(topic: str) -> dict[str, Any]:
    """The pieces of a lesson on a Kubernetes cluster."""
    right = "kubectl create deployment first --image=nginx:1.26 --replicas=2"
    return {
        "course": {"images": ["nginx"], "ports": [], "names": {}, "memory_mb": 1500},
        "imports": "from helpers import lessons\nfrom helpers.checks import verify\nfrom helpers.checks.workloads import deployment",
        "show": "kubectl get nodes",
        "task": "Write a Deployment **`first`** with **2** replicas of **`nginx:1.26`**.",
        "checked": "that two pods are ready, from that image.",
        "hint": "kubectl create deployment --help",
        "right": right,
        "check": 'deployment("first").is_available(2, points=2, hint="`kubectl get deployment first`"), '
        'deployment("first").runs_image("nginx:1.26", points=1, hint="`kubectl get deployment first -o wide`")',
        "mistakes": {
            "one-pod": (right.replace("--replicas=2", "--replicas=1"), "1"),
            "no-such-image": (right.replace("nginx:1.26", "nginx:no-such"), "image"),
        },
        "alternative": f"{right.replace('--replicas=2', '--replicas=1')}\nkubectl scale deployment first --replicas=2",
    }


def _marked(name: str, kind: str, source: str, *, points: int = 0) -> dict[str, Any]:
    marks: dict[str, Any] = {
        "grade": kind == "grade",
        "grade_id": name,
        "locked": kind != "solution",
        "schema_version": 3,
        "solution": kind == "solution",
        "task": False,
    }
    marks |= {"points": points} if points else {}
    return {"cell_type": "code", "id": name, "metadata": {"nbgrader": marks}, "source": source}


def _text(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _notebook(lesson: str, title: str, needs: str, pieces: dict[str, Any]) -> dict[str, Any]:
    number = "-".join(lesson.split("-")[:2])
    what = {"engine": "Docker Engine", "cluster": "a Kubernetes cluster"}[needs]
    cells = [
        _text("title", f"# {number} · {title}\n\n**You will be able to** …\n\n**Needs** {what} · 45 minutes"),
        _marked("open", "open", f'{pieces["imports"]}\n\nlesson = lessons.open("{lesson}")\nlesson'),
        _text("why", "## 1. …\n\n**Why.** …\n\n**Do.** …"),
        {"cell_type": "code", "id": "show", "metadata": {}, "source": f"%%bash\nset -eu\n{pieces['show']}"},
        _text("show-see", "**See.** …"),
        _text("ex-first", _TASK.format_map(pieces)),
        _marked("first", "solution", f"%%bash\n### BEGIN SOLUTION\n{pieces['right']}\n### END SOLUTION"),
        _marked("first-check", "grade", f'verify({pieces["check"]}, why="…", further="…")', points=3),
        {"cell_type": "code", "id": "clean-up", "metadata": {}, "source": "lesson.clean()"},
    ]
    course = {"title": title, "needs": needs, "minutes": 45, "files": [], **pieces["course"]}
    return {"cells": cells, "metadata": {"course": course}}


def main(lesson: str, *, title: str, needs: str) -> int:
    """Write the lesson and its proofs. Raises EnvironmentProblem for a name that is none, or is taken."""
    if not _NAME.match(lesson):
        raise EnvironmentProblem(f"'{lesson}' is no name for a lesson.", "section, topic, words: 4-07-volumes")
    if lesson in proofs.lessons():
        raise EnvironmentProblem(f"there is a lesson '{lesson}' already.", f"look into notebooks/{lesson}/")
    pieces = {"engine": _engine, "cluster": _cluster}[needs](lesson.split("-", 2)[-1])
    target = proofs.notebook(lesson)
    text = json.dumps(_notebook(lesson, title, needs, pieces), ensure_ascii=False)
    made = {target: normalise(text)}
    for slug, (source, phrase) in pieces["mistakes"].items():
        made[dependencies.TESTS / "mistakes" / lesson / f"first.{slug}"] = f"# expect: {phrase}\n%%bash\n{source}\n"
    made[dependencies.TESTS / "alternatives" / lesson / "first.otherwise"] = f"%%bash\n{pieces['alternative']}\n"
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(path, content, mode=0o644)
        console.say(f"✓ {path.relative_to(paths.ROOT)}")
    console.say(
        "  Next: `python3 -m environment fix`, write it in JupyterLab, and go on with step 2 of CONTRIBUTING.md."
    )
    return 0
