"""Errors a user can cause or must act on. The command line prints them without a traceback."""


class EnvironmentProblem(Exception):
    """One clear message: what happened (`what`), and what to do (`remedy`)."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  What to do: {self.remedy}" if self.remedy else self.what
