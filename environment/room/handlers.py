"""The Jupyter Server's part: pages and answers for the extension in JupyterLab. Only for who has the server's token."""

import json
from pathlib import Path
from typing import Any

import jinja2
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.ioloop import IOLoop

from environment.errors import EnvironmentProblem
from environment.room import overview, progress, restore, validate
from helpers import marks

_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)


class _Handler(APIHandler):
    """Answers in JSON; what a user can cause is one message with status 400."""

    @property
    def workspace(self) -> Path:
        """The folder that the server shows."""
        return Path(self.settings["server_root_dir"]).expanduser()

    def write_error(self, status_code: int, **told: Any) -> None:
        """One message, no traceback."""
        cause = told.get("exc_info", (None, None, None))[1]
        if isinstance(cause, EnvironmentProblem):
            self.set_status(400)
            self.finish({"message": str(cause)})
        elif isinstance(cause, web.HTTPError):
            self.finish({"message": cause.log_message or cause.reason or str(cause)})
        else:
            self.finish({"message": f"the course's server failed: {cause}. Its log tells more."})

    def html(self, text: str) -> None:
        """Answer with a piece of a page."""
        self.finish(text, set_content_type="text/html; charset=utf-8")

    async def apart(self, act: Any, *words: Any) -> Any:
        """Do what takes a while without keeping everybody else waiting."""
        return await IOLoop.current().run_in_executor(None, act, *words)


class Home(_Handler):
    """The start page."""

    def _page(self) -> str:
        told, lab = marks.read(), overview.Lab.now()
        groups = overview.sections(self.workspace, told, lab)
        return _TEMPLATES.get_template("home.html.j2").render(
            sections=groups, next=overview.where_next(groups, told), lab=lab, free=overview.free_gb(self.workspace)
        )

    @web.authenticated
    async def get(self) -> None:
        """The page as HTML, made anew from local state."""
        self.html(await self.apart(self._page))


class Running(_Handler):
    """What runs, and what it takes."""

    @web.authenticated
    async def get(self) -> None:
        """The table as HTML."""
        rows = await self.apart(overview.running)
        self.html(_TEMPLATES.get_template("running.html.j2").render(rows=rows))


class Progress(_Handler):
    """The learner's marks as one file: out of this workspace, or into it."""

    @web.authenticated
    async def get(self) -> None:
        """The file."""
        self.finish(json.dumps(marks.read(), indent=1))

    @web.authenticated
    async def put(self) -> None:
        """Take over the marks of another machine; what is better stays."""
        self.finish({"message": progress.take_over(self.request.body)})


class Restore(_Handler):
    """Cells as they were released."""

    @web.authenticated
    async def post(self) -> None:
        """Keep what the learner has, answer with the released cells. The browser puts them in: it has the notebook open."""
        asked = self.get_json_body() or {}
        self.finish(restore.answer(self.workspace, asked))


class Validate(_Handler):
    """nbgrader's Validate button, on the live state as it is."""

    @web.authenticated
    async def post(self) -> None:
        """nbgrader's answer: what did not pass, with the check's own text."""
        path = self.get_argument("path", None) or (self.get_json_body() or {}).get("path", "")
        notebook = restore.notebook_in(self.workspace, path)
        self.finish(json.dumps(await self.apart(validate.answer, notebook)))


def load(app: Any) -> None:
    """Jupyter Server calls this as it starts."""
    from nbgrader.server_extensions.validate_assignment.handlers import NbGraderVersionHandler

    base = app.web_app.settings["base_url"]
    mine = [("home", Home), ("running", Running), ("progress", Progress), ("restore", Restore)]
    table = [(url_path_join(base, "course", name), handler) for name, handler in mine]
    # Where nbgrader's own button asks.
    table.append((url_path_join(base, "assignments/validate"), Validate))
    table.append((url_path_join(base, "nbgrader_version"), NbGraderVersionHandler))
    app.web_app.add_handlers(".*$", table)
