"""Turns executed notebooks into pages: solutions out, pictures inside the page, nothing fetched from elsewhere."""

import json
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from environment import console, files, papermill_run, paths
from environment.errors import EnvironmentProblem
from environment.grading import proofs
from environment.grading.executor import role
from environment.notebooks import STUB
from environment.roadmap import NEEDS, SECTIONS

_HERE = Path(__file__).parent


def target() -> Path:
    """The folder of the pages."""
    return paths.BUILD / "site"


def is_current(lesson: str) -> bool:
    """Whether `run` executed the lesson as it is now, to its end and without an error."""
    source = json.loads(proofs.notebook(lesson).read_text())["cells"]
    done = files.read_json(papermill_run.executed(lesson), {}).get("cells", [])
    same = ["".join(cell["source"]) for cell in source] == ["".join(cell["source"]) for cell in done]
    code = [cell for cell in done if cell["cell_type"] == "code"]
    failed = any(out["output_type"] == "error" for cell in code for out in cell["outputs"])
    return same and not failed and all(cell["execution_count"] for cell in code)


def readable(executed: dict[str, Any]) -> dict[str, Any]:
    """The notebook as readers get it: solutions and verdicts out, every picture with its text twin as `alt`."""
    for cell in executed["cells"]:
        if role(cell) == "solution":
            cell["source"], cell["outputs"] = STUB, []
        elif role(cell) == "grade":
            cell["outputs"] = []
        for output in cell.get("outputs", []):
            twin = "".join(output.get("data", {}).get("text/plain", ""))
            if "image/png" in output.get("data", {}):
                output["metadata"] = {"image/png": {"alt": twin}}
    return executed


def _body(lesson: str, executed: dict[str, Any]) -> str:
    exporter = HTMLExporter(
        template_name="basic", embed_images=True, exclude_input_prompt=True, exclude_output_prompt=True
    )
    resources = {"metadata": {"path": str(paths.SOURCES / lesson)}}
    body, _ = exporter.from_notebook_node(nbformat.reads(json.dumps(readable(executed)), as_version=4), resources)
    return str(body)


def _style() -> str:
    light, dark = (HtmlFormatter(style=name).get_style_defs(".highlight") for name in ("default", "github-dark"))
    return f"{(_HERE / 'style.css').read_text()}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _entry(lesson: str) -> dict[str, Any]:
    course = proofs.course(lesson)
    number = "-".join(lesson.split("-")[:2])
    return {
        "lesson": lesson,
        "number": number,
        "title": course["title"],
        "minutes": course["minutes"],
        "needs": NEEDS[course["needs"]],
    }


def write(lessons: list[str]) -> Path:
    """Write the pages of these lessons, each executed before, and the page that lists them; return that page."""
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(_HERE), autoescape=True)
    folder = target()
    files.remove_tree(folder)
    folder.mkdir(parents=True)
    entries = [_entry(lesson) for lesson in lessons]
    (folder / "style.css").write_text(_style())
    for at, entry in enumerate(entries):
        body = _body(entry["lesson"], json.loads(papermill_run.executed(entry["lesson"]).read_text()))
        before, after = entries[at - 1] if at else None, entries[at + 1] if at + 1 < len(entries) else None
        page = templates.get_template("lesson.html.j2").render(entry=entry, body=body, before=before, after=after)
        (folder / f"{entry['lesson']}.html").write_text(page)
    groups = [(name, [one for one in entries if one["number"].startswith(number)]) for number, name in SECTIONS.items()]
    index = folder / "index.html"
    index.write_text(templates.get_template("index.html.j2").render(groups=[group for group in groups if group[1]]))
    return index


def main(names: list[str]) -> int:
    """Build the site, of all lessons or the named ones; those not executed as they are now are executed first.

    Raises EnvironmentProblem when one of them fails.
    """
    lessons = sorted(proofs.named(names))
    waiting = [lesson for lesson in lessons if not is_current(lesson)]
    if waiting:
        papermill_run.main(waiting)
    left = [lesson for lesson in lessons if not is_current(lesson)]
    if left:
        raise EnvironmentProblem(f"{', '.join(left)} could not be executed.", "look at build/run/")
    with console.step("pages"):
        index = write(lessons)
    console.say(f"✓ open {index} in a browser; the folder can be served or zipped as it is")
    return 0
