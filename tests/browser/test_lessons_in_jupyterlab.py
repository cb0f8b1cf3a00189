"""Both lessons as a learner meets them: real Chromium, real JupyterLab, the released copies, real containers."""

import json
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from environment import paths, workspace
from environment.grading import proofs
from environment.jupyter import server

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
SHOTS = paths.BUILD / "screenshots"
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
ARGUMENTS = ["--no-sandbox", *QUIET, "--disable-component-update"]

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def lab(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A JupyterLab of its own on a fresh workspace: the learner's is not touched."""
    folder = tmp_path_factory.mktemp("lab")
    patch = pytest.MonkeyPatch()
    patch.setattr(paths, "WORKSPACE", folder / "workspace")
    patch.setattr(server, "_record", lambda: folder / "jupyter.json")
    workspace.refresh()
    SHOTS.mkdir(parents=True, exist_ok=True)
    yield server.start(Path(sys.executable))
    server.stop()
    patch.undo()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, Debian's or the system's."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


def _open(browser: Browser, lab: dict[str, str], lesson: str, errors: list[str]) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("pageerror", lambda error: errors.append(str(error)))
    # A JupyterLab workspace of its own: what another test had open is not restored.
    view = secrets.token_hex(4)
    page.goto(f"{lab['base']}/lab/workspaces/{view}/tree/{lesson}/{lesson}.ipynb?token={lab['token']}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    _await_idle(page)
    return page


def _await_idle(page: Page, seconds: int = 120) -> None:
    page.wait_for_selector(
        ".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=seconds * 1000, state="attached"
    )


def _run_all(page: Page) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    # The last cell says that everything is gone: the whole notebook ran, nothing stopped it.
    page.wait_for_selector("text=everything this lesson made is gone", timeout=300_000)
    _await_idle(page)


def _index(lesson: str, cell: str) -> int:
    cells = json.loads(proofs.notebook(lesson).read_text())["cells"]
    return [found["id"] for found in cells].index(cell)


def _cell(page: Page, lesson: str, cell: str) -> Any:
    return page.locator(".jp-Notebook .jp-Cell").nth(_index(lesson, cell))


def _top(page: Page, lesson: str, cell: str) -> None:
    """Scroll so that the cell is the first one in view."""
    _cell(page, lesson, cell).evaluate("cell => cell.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(300)


def _write(page: Page, lesson: str, cell: str, text: str) -> None:
    """Replace a cell's text as a learner would: click, select all, type."""
    editor = _cell(page, lesson, cell).locator(".cm-content")
    editor.scroll_into_view_if_needed()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def _run_cell(page: Page, lesson: str, cell: str) -> None:
    _cell(page, lesson, cell).locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(300)
    _await_idle(page)


@pytest.mark.parametrize("lesson", proofs.lessons())
def test_run_all_works_in_the_unsolved_lesson_and_every_check_says_what_is_missing(
    browser: Browser, lab: dict[str, str], lesson: str
) -> None:
    errors: list[str] = []
    page = _open(browser, lab, lesson, errors)
    _run_all(page)
    exercises = len(set(proofs.check_of(lesson).values()))
    assert page.locator("section[aria-label^='Result: 0 of']").count() == exercises
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    page.screenshot(path=SHOTS / f"{lesson}-end.png")
    assert errors == []
    page.close()


def test_a_failing_check_is_fixed_and_passes(browser: Browser, lab: dict[str, str]) -> None:
    lesson, errors = "2-03-containers", list[str]()
    page = _open(browser, lab, lesson, errors)
    _run_cell(page, lesson, "open")
    _write(page, lesson, "site", "%%bash\ndocker run -d --name site -p 127.0.0.1:$SITE_PORT:8080 nginx:1.26")
    _run_cell(page, lesson, "site")
    _run_cell(page, lesson, "site-check")
    result = _cell(page, lesson, "site-check").locator("section[aria-label^='Result:']")
    assert "2 of 4" in str(result.get_attribute("aria-label"))
    _top(page, lesson, "site")
    page.screenshot(path=SHOTS / "check-fails.png")
    right = "docker run -d --name site -p 127.0.0.1:$SITE_PORT:80 nginx:1.26"
    _write(page, lesson, "site", f"%%bash\ndocker rm --force site\n{right}")
    _run_cell(page, lesson, "site")
    _run_cell(page, lesson, "site-check")
    assert "4 of 4" in str(result.get_attribute("aria-label"))
    _top(page, lesson, "site")
    page.screenshot(path=SHOTS / "check-passes.png")
    _write(page, lesson, "greeter", "%%bash\ndocker run --name greeter -e GREETING=bonjour busybox:1.37 sh -c 'echo")
    _run_cell(page, lesson, "greeter")
    output = _cell(page, lesson, "greeter").locator(".jp-OutputArea").inner_text()
    assert "ended with status" in output
    assert "Traceback" not in output
    _run_cell(page, lesson, "clean-up")
    assert errors == []
    page.close()
