"""One tree of errors. In a notebook each shows as a few plain lines, never as a traceback."""


class CourseError(Exception):
    """Something a learner can act on: `what` happened and what to do (`remedy`)."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n→ {self.remedy}" if self.remedy else self.what

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines in place of a traceback."""
        return [f"✗ {line}" if number == 0 else f"  {line}" for number, line in enumerate(str(self).splitlines())]


class NotFound(CourseError):
    """The named object does not exist."""


class TimedOut(CourseError):
    """Something did not happen in time; the message says what was wanted and what was last seen."""


class CannotTell(CourseError):
    """The lab could not be looked at, so there is no verdict: engine unreachable, or a probe of ours failed."""


class CommandFailed(CourseError):
    """A command in a cell ended with an error (or, where a failure was expected, without one)."""
