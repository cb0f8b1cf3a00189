"""nbgrader's side: releases, and saving verdicts that exist as marks. Everything is as `nbgrader_config.py` says, so that
nbgrader's own commands find the same files."""

import logging
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from environment import paths
from environment.errors import EnvironmentProblem
from environment.grading.steps import Skeleton

# nbgrader's own use of its data base draws warnings that are nobody's to act on here.
warnings.filterwarnings("ignore", category=SAWarning)


def rebuilt() -> Path:
    """Where submissions lie that were put back on their lesson's skeleton: marks are saved from there."""
    return paths.BUILD / "rebuilt"


def submitted() -> Path:
    """Where `nbgrader collect` and `grade --from` put submissions: one folder a student, in it one a lesson."""
    return paths.BUILD / "submitted"


def config(**course: Any) -> Config:
    """`nbgrader_config.py`, with settings of the course directory changed as given."""
    loaded = PyFileConfigLoader("nbgrader_config.py", path=str(paths.ROOT)).load_config()
    loaded.CourseDirectory.update(course)
    return loaded


def _quiet() -> logging.Logger:
    """nbgrader tells every file it touches; what it complains about is kept."""
    log = logging.getLogger("environment.nbgrader")
    log.setLevel(logging.ERROR)
    return log


def _directory(settings: Config) -> CourseDirectory:
    return CourseDirectory(config=settings, log=_quiet())


def release(lesson: str) -> None:
    """Generate nbgrader's release of a lesson, anew, and its assignment in the gradebook."""
    paths.BUILD.mkdir(exist_ok=True)
    settings = config(assignment_id=lesson)
    settings.GenerateAssignment.force = True
    GenerateAssignment(coursedir=_directory(settings), config=settings, log=_quiet()).start()


def known(lesson: str) -> bool:
    """Whether the gradebook has the lesson."""
    database = config().CourseDirectory.db_url
    if not Path(database.removeprefix("sqlite:///")).exists():
        return False
    with Gradebook(database) as book:
        try:
            book.find_assignment(lesson)
        except MissingEntry:
            return False
    return True


def save(lesson: str, students: Iterable[str], everyone: Iterable[str]) -> dict[str, float]:
    """One serial pass of nbgrader's autograde over the rebuilt submissions of `students`; return the marks it saved.

    `everyone` are all who have a rebuilt submission. Raises EnvironmentProblem when nbgrader refuses.
    """
    wanted = set(students)
    left_out = ",".join(sorted(set(everyone) - wanted))
    settings = config(assignment_id=lesson, submitted_directory=str(rebuilt()), student_id_exclude=left_out)
    settings.Autograde.force = True
    # These are on their skeleton already; a second time would number the learner's own cells anew.
    steps_left = [step for step in settings.Autograde.sanitize_preprocessors if step is not Skeleton]
    settings.Autograde.sanitize_preprocessors = steps_left
    try:
        Autograde(coursedir=_directory(settings), config=settings, log=_quiet()).start()
    except Exception as error:
        raise EnvironmentProblem(f"nbgrader did not save the marks of {lesson}: {error}") from error
    marks = {}
    with Gradebook(settings.CourseDirectory.db_url) as book:
        for student in wanted:
            marks[student] = float(book.find_submission(lesson, student).score)
    return marks


def comment(lesson: str, student: str, text: str) -> None:
    """Put a remark of ours where feedback and formgrader show it: at the first exercise."""
    with Gradebook(config().CourseDirectory.db_url) as book:
        notebook = book.find_submission_notebook(lesson, lesson, student)
        if notebook.comments:
            notebook.comments[0].auto_comment = text
            book.db.commit()
