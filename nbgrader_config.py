"""nbgrader, from the root of the repository: the sources are in notebooks/, everything else is made under build/."""

import os
from pathlib import Path

from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    IgnorePattern,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from environment import paths
from environment.grading import steps
from environment.notebooks import STUB

c = get_config()  # noqa: F821 – whoever loads this file defines it
root, build = Path(__file__).resolve().parent, paths.BUILD

c.CourseDirectory.course_id = "containers-course"
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = str(root / "notebooks")
for step in ("release", "submitted", "autograded", "feedback"):
    c.CourseDirectory[f"{step}_directory"] = str(build / step)
c.CourseDirectory.db_url = f"sqlite:///{build / 'gradebook.db'}"

# A private exchange: nobody else on this machine reads what learners hand in.
c.Exchange.root = os.environ.get("COURSE_EXCHANGE", str(build / "exchange"))

# nbgrader makes only shared exchanges by itself, and looks for this one each time.
Path(c.Exchange.root).mkdir(mode=0o700, parents=True, exist_ok=True)

c.ClearSolutions.code_stub = {"python": STUB}

# Submissions never run here: `python3 -m environment grade` judges them in isolated labs; these steps save what it saw.
c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    steps.Skeleton,
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    steps.Verdicts,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]

c.ExportPlugin.to = str(build / "grades.csv")
