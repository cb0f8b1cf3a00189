"""What a learner does with a lesson in JupyterLab: cells found by their id, written into, run."""

import json
from typing import Any

from playwright.sync_api import Page

from environment.grading import proofs


def ready(page: Page) -> Page:
    """Wait until the notebook is shown, and its kernel there and idle."""
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    # The indicator above the notebook is idle before there is a kernel; the status bar knows.
    page.wait_for_selector("#jp-main-statusbar >> text=| Idle", timeout=60_000)
    idle(page)
    return page


def idle(page: Page, seconds: int = 120) -> None:
    """Wait until the kernel has nothing to do."""
    page.wait_for_selector(
        ".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=seconds * 1000, state="attached"
    )


def run_all(page: Page) -> None:
    """Run All, to the last cell: it says that everything is gone, so the whole notebook ran and nothing stopped it."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_selector("text=everything this lesson made is gone", timeout=300_000)
    idle(page)


def cell(page: Page, lesson: str, name: str) -> Any:
    """A cell of the lesson, by the id it has in the source."""
    cells = json.loads(proofs.notebook(lesson).read_text())["cells"]
    return page.locator(".jp-Notebook .jp-Cell").nth([found["id"] for found in cells].index(name))


def top(page: Page, lesson: str, name: str) -> None:
    """Scroll so that the cell is the first one in view."""
    cell(page, lesson, name).evaluate("cell => cell.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(300)


def write(page: Page, lesson: str, name: str, text: str) -> None:
    """Replace a cell's text as a learner would: click, select all, type."""
    editor = cell(page, lesson, name).locator(".cm-content")
    editor.scroll_into_view_if_needed()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def run(page: Page, lesson: str, name: str) -> None:
    """Run a cell, to its end."""
    cell(page, lesson, name).locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(300)
    idle(page)


def result(page: Page, lesson: str, name: str) -> str:
    """What a check shows, in short: `Result: 2 of 4 points`."""
    shown = cell(page, lesson, name).locator("section[aria-label^='Result:']")
    return str(shown.get_attribute("aria-label"))
