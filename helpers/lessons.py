"""`lessons.open`: brings up what a lesson needs, attaches to what is there already, and knows how to take it all away."""

import json
import os
import secrets
import shutil
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environment import builder, files, labenv, paths, process
from environment.engine import choice
from environment.images import shop
from helpers import answers, claims, magics, marks, place, readiness
from helpers.errors import CourseError

if TYPE_CHECKING:
    from helpers.drills import Drill
    from helpers.exercises import Solution

_open: dict[str, "Lesson"] = {}


def _folder() -> Path:
    return paths.state() / "lessons"


def _metadata(name: str) -> dict[str, Any]:
    """The lesson's `course` metadata. Raises CourseError when there is no such lesson."""
    for base in (paths.SOURCES, paths.WORKSPACE):
        notebook = base / name / f"{name}.ipynb"
        if notebook.exists():
            return dict(json.loads(notebook.read_text())["metadata"]["course"])
    raise CourseError(f"there is no lesson '{name}'.", "open the notebook from the course's own folders.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lesson:
    """An open lesson: its folder (`work`), ports, answers, and its share of the engine."""

    def __init__(self, name: str, metadata: dict[str, Any]) -> None:
        self.name = name
        self.metadata = metadata
        self.folder = _folder() / name
        self.work = self.folder / "work"
        record = files.read_json(self.folder / "record.json") or self._first_time()
        self.token: str = record["token"]
        self.opened_at: float = record["opened_at"]
        self.ports: dict[str, int] = record["ports"]
        self.place_env: dict[str, str] = record["place"]
        self.place = place.Place("here")

    def _first_time(self) -> dict[str, Any]:
        """Write down, before anything is created, what this lesson may create and since when."""
        if self.metadata["needs"] != "host":
            from helpers import owning

            with claims.taken(self.name, self.folder):
                owning.refuse_foreign(self.metadata.get("names", {}))
        self.work.mkdir(parents=True, exist_ok=True)
        record = {
            "token": secrets.token_hex(8),
            "opened_at": time.time(),
            "place": {},
            "ports": {name: _free_port() for name in self.metadata.get("ports", [])},
        }
        files.write_json(self.folder / "record.json", record, mode=answers.SHARED)
        return record

    def bring_up(self) -> None:
        """Make what the lesson needs true; quick where it is true already."""
        if self.metadata["needs"] == "host":
            self.place = place.choose(self.work)
            self.place_env = {**self.place.env, "COURSE_PLACE_KIND": self.place.kind}
            record = files.read_json(self.folder / "record.json")
            if record["place"] != self.place_env:
                files.write_json(self.folder / "record.json", {**record, "place": self.place_env}, mode=answers.SHARED)
        elif self.metadata["needs"] == "cluster":
            from helpers import on_cluster

            on_cluster.bring_up(self.name, self.metadata, self.folder)
        else:
            from helpers import images

            for name in self.metadata.get("images", []):
                readiness.stage(f"image-{name}") if builder.working() else images.pull(name)

    def export(self) -> None:
        """Give `%%bash` cells the lab's environment and this lesson's names."""
        os.environ.update(labenv.lab())
        os.environ.update(self.place_env)
        os.environ["COURSE_LESSON"], os.environ["COURSE_TOKEN"] = self.name, self.token
        if self.metadata.get("names", {}).get("projects"):
            # A lesson with several projects names each by its folder, as Compose does by itself.
            os.environ.pop("COMPOSE_PROJECT_NAME", None)
        else:
            os.environ["COMPOSE_PROJECT_NAME"] = f"lesson-{self.name.split('-', 2)[-1]}"
        if self.metadata.get("builds") and not os.environ.get("COURSE_JUDGE"):
            # Builds that install packages need this machine's client settings; the files go with the lesson.
            os.environ["BUILD_SETTINGS"] = " ".join(shop.build_settings(self.folder))
        if self.metadata["needs"] == "cluster":
            from helpers import on_cluster

            os.environ.update(on_cluster.environment(self.name, self.metadata, self.folder))
        for name, number in self.ports.items():
            os.environ[f"{name.upper().replace('-', '_')}_PORT"] = str(number)
        magics.register(self.work, self.command_prefix())
        marks.follow(self.name)

    def command_prefix(self) -> list[str]:
        """What a `%%bash` cell's command line begins with: nothing here, `docker exec …` in a helper container."""
        return self.place.command({"COURSE_TOKEN": self.token, **self.place_env})

    def bash(self, script: str) -> None:
        """Run a bash script as a `%%bash` cell does, from within Python code. Raises CommandFailed."""
        magics.run_bash(script, prefix=self.command_prefix(), cwd=self.work)

    def port(self, name: str) -> int:
        """The free host port that this lesson uses for `name` (the same for as long as the lesson is open)."""
        return self.ports[name]

    def answer(self, key: str, value: Any) -> None:
        """Give a value as the answer `key`; the check reads it from a file, in another process."""
        answers.give(self.folder, key, value)

    def solution(self, exercise: str | int, *, give_up: bool = False) -> "Solution":
        """The reference solution of an exercise, by its number or name: after its check has passed, or for who gives up
        (which is recorded)."""
        from helpers import exercises

        return exercises.solution(self.name, exercise, give_up=give_up)

    def reset(self, exercise: str | int) -> None:
        """Take away what was made for one exercise, by its number or name – containers, objects, files, answers – to begin it
        again. Cells stay."""
        from helpers import exercises

        name, gone = exercises.reset(self, exercise)
        print(f"✓ {name}: " + (f"gone: {', '.join(gone)}." if gone else "nothing of it was there."))

    def break_it(self, seed: int | None = None) -> "Drill":
        """Break the set-up of one exercise on purpose, for you to find and repair; the same way for the same `seed`."""
        from helpers import drills

        return drills.begin(self, seed)

    def clean(self) -> None:
        """Take away everything the lesson made: processes, containers, networks, volumes, files, answers."""
        # What `%%bash` cells of this lesson left running has its token in the environment.
        process.kill_marked(f"COURSE_TOKEN={self.token}")
        if self.metadata["needs"] != "host" or self.place_env.get("COURSE_PLACE_KIND") == "container":
            from helpers import owning

            if choice.reachable(choice.current()):
                if self.metadata["needs"] == "cluster":
                    self._clean_cluster()
                owning.remove(self.metadata.get("names", {}), self.opened_at)
                owning.forget_registries(self.ports.values())
        place.discard(self.place_env)
        shutil.rmtree(self.folder, ignore_errors=True)
        claims.release(self.name, self.folder)
        _open.pop(self.name, None)
        print(f"✓ {self.name}: everything this lesson made is gone.")

    def _clean_cluster(self) -> None:
        from helpers import on_cluster

        others = [path.parent.name for path in _folder().glob("*/record.json") if path.parent.name != self.name]
        shape = on_cluster.shape_of(self.metadata)
        beside = [
            one for one in map(_metadata, others) if one["needs"] == "cluster" and on_cluster.shape_of(one) == shape
        ]
        used = {addon for one in beside for addon in one.get("addons", [])}
        on_cluster.clean(self.name, self.metadata, self.folder, last=not beside, used=used)

    def _where(self) -> str:
        ports = "".join(f", {name} port {number}" for name, number in self.ports.items())
        where = f", runs on {_PLACES[self.place.kind]}" if self.metadata["needs"] == "host" else ""
        return f"{where}{ports}"

    def __repr__(self) -> str:
        return f"<lesson {self.name}: ready{self._where()}>"

    def _repr_markdown_(self) -> str:
        told = "in a cell of your own, `lesson.reset(1)` takes away what you made for Exercise 1, `lesson.solution(1)` shows a way"
        drill = "once you have passed, and `drill = lesson.break_it()` breaks something for you to find and repair."
        return f"**{self.name} is ready**{self._where()}.\n\nIf you like: {told} {drill}"


_PLACES = {
    "root": "this machine as root",
    "rootless": "this machine in a user namespace",
    "container": "a helper container",
    "here": "this machine",
}


def open(name: str) -> Lesson:
    """Open the lesson, or attach to it where it is open (after a kernel restart, in the grading process): nothing is
    created twice and nothing is reset.

    Raises CourseError when something the lesson needs can't be had, or a name it needs is somebody else's.
    """
    metadata = _metadata(name)
    if metadata["needs"] != "host":
        readiness.engine()
    if metadata["needs"] == "cluster":
        readiness.cluster()
    os.environ.update(labenv.lab())
    lesson = Lesson(name, metadata)
    lesson.bring_up()
    lesson.export()
    _open[name] = lesson
    return lesson


def attached() -> Lesson:
    """The lesson that is open in this process. Raises CourseError when the opening cell has not run."""
    if not _open:
        raise CourseError("no lesson is open in this notebook.", "run the first code cell (it calls `lessons.open`).")
    return list(_open.values())[-1]


def read_answer(key: str) -> Any:
    """The answer given as `key` in the open lesson, None when there is none."""
    return answers.read(attached().folder, key)


def present(name: str) -> Lesson | None:
    """The lesson where it is open on this machine, with nothing brought up; None where it is not."""
    return Lesson(name, _metadata(name)) if (_folder() / name / "record.json").exists() else None


def clean_all() -> None:
    """Clean every lesson that is open on this machine."""
    for folder in sorted(_folder().glob("*")) if _folder().is_dir() else []:
        Lesson(folder.name, _metadata(folder.name)).clean()


if __name__ == "__main__":
    clean_all()
