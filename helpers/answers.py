"""Values that a learner gives as answers: a small JSON file each, which the check reads in another process."""

import json
import re
from pathlib import Path
from typing import Any

from environment import files
from helpers.errors import CourseError

#: An answer is a value, not a file: larger ones are refused, in characters.
LARGEST = 10_000
#: In grading, the judge is another user, in the group of the submission's.
SHARED = 0o640


def place(folder: Path, key: str) -> Path:
    """The file of the answer `key` of the lesson that keeps its things in `folder`."""
    return folder / "answers" / f"{key}.json"


def give(folder: Path, key: str, value: Any) -> None:
    """Keep a value as the answer `key`. Raises CourseError for a name that is none, and for what is no JSON or too long."""
    if not re.fullmatch(r"[a-z0-9-]+", key):
        raise CourseError(f"'{key}' is no name for an answer.", "use lower-case letters, digits and dashes.")
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        raise CourseError(
            f"a {type(value).__name__} cannot be an answer.", "give a number, text, list or dict."
        ) from None
    if len(text) > LARGEST:
        raise CourseError("the answer is too long.", f"it may have {LARGEST} characters.")
    files.write_atomically(place(folder, key), text, mode=SHARED)


def read(folder: Path, key: str) -> Any:
    """The answer given as `key`, None when there is none."""
    given = place(folder, key)
    if not given.is_file() or given.stat().st_size > LARGEST:
        return None  # what is no file (a pipe, a device) could keep us waiting for ever
    return files.read_json(given)
