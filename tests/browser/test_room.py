"""The room: from the start page into a lesson and back, as a learner goes, by mouse and keyboard in real Chromium."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page

from environment import labenv, paths
from tests.browser import desk

LESSON = "2-03-containers"
NOTEBOOK = f"{LESSON}/{LESSON}.ipynb"
SHOTS = paths.BUILD / "screenshots"
WRONG = "%%bash\ndocker run -d --name site -p 127.0.0.1:$SITE_PORT:8080 nginx:1.26"
RIGHT = "%%bash\ndocker rm --force site\ndocker run -d --name site -p 127.0.0.1:$SITE_PORT:80 nginx:1.26"


@pytest.fixture
def visit(visit: Callable[..., Page]) -> Callable[..., Page]:
    """As everywhere, and the browser's console has to stay quiet."""
    return partial(visit, console=True)


def _row(page: Page) -> str:
    """What the start page tells of the lesson."""
    return str(page.locator(".course-home tr", has_text="2-03 · Containers").inner_text())


def _home(page: Page) -> None:
    page.get_by_role("tab", name="Course", exact=True).click()
    page.wait_for_selector(".course-home")


def _back(page: Page) -> None:
    page.get_by_role("tab", name=f"{LESSON}.ipynb").click()


def _serious(page: Page, inside: str) -> list[str]:
    found = Axe().run(page, context=inside).response["violations"]
    return [f"{row['id']}: {row['help']}" for row in found if row["impact"] in {"serious", "critical"}]


def _validated(page: Page) -> str:
    """What nbgrader's button says."""
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Validate", exact=True).click()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for(timeout=60_000)
    # It may first say that the notebook is saved, then that it works.
    page.wait_for_function(
        "() => /passe|did not|failed|not open/i.test(document.querySelector('.jp-Dialog')?.innerText || '')",
        timeout=60_000,
    )
    text = dialog.inner_text()
    page.keyboard.press("Escape")
    return str(text)


def test_from_the_start_page_through_an_exercise_and_back(visit: Callable[..., Page], lab: dict[str, str]) -> None:
    page = visit()
    page.wait_for_selector(".course-home", timeout=60_000)
    assert "○ not begun" in _row(page)
    page.get_by_text("2-03 · Containers", exact=True).click()
    desk.ready(page)
    desk.run(page, LESSON, "open")
    for text, points in ((WRONG, "2 of 4"), (RIGHT, "4 of 4")):
        desk.write(page, LESSON, "site", text)
        desk.run(page, LESSON, "site")
        desk.run(page, LESSON, "site-check")
        assert points in desk.result(page, LESSON, "site-check")
        told = desk.cell(page, LESSON, "site-check").inner_text()
        assert ("where to look" in told) == (text is WRONG)
        assert ("Why it works" in told) == (text is RIGHT)
        _home(page)
        page.wait_for_function(
            f"() => document.querySelector('.course-home').innerText.includes('{points.split()[0]} of 23')"
        )
        assert "◐ begun" in _row(page)
        _back(page)
    # Passed once is passed: what is broken later takes no point away, and the lesson is still the one to go on with.
    assert "Continue with 2-03" in page.locator(".course-home button").first.inner_text()

    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
    page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    page.wait_for_timeout(1500)
    desk.idle(page)
    desk.run(page, LESSON, "open")
    desk.run(page, LESSON, "site-check")
    assert "4 of 4" in desk.result(page, LESSON, "site-check")

    told = _validated(page)
    assert 'container("site")' not in told
    assert 'container("greeter")' in told
    assert "where to look" in told
    desk.write(page, LESSON, "greeter", 'lesson.reset("site")')
    desk.run(page, LESSON, "greeter")
    desk.run(page, LESSON, "site-check")
    assert "0 of 4" in desk.result(page, LESSON, "site-check")
    assert 'container("site")' in _validated(page)
    desk.run(page, LESSON, "clean-up")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 800])
def test_the_start_page_reads_well_and_has_no_serious_fault(
    visit: Callable[..., Page], width: int, dark: bool, lab: dict[str, str]
) -> None:
    page = visit(width=width, dark=dark)
    page.wait_for_selector(".course-home", timeout=60_000)
    page.wait_for_selector(f"body[data-jp-theme-light={str(not dark).lower()}]", timeout=20_000, state="attached")
    page.wait_for_timeout(1000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"home-{width}{'-dark' if dark else ''}.png")
    assert _serious(page, ".course-home") == []
    # Nothing is cut off at the side.
    assert page.evaluate(
        "() => { const e = document.querySelector('.course-page'); return e.scrollWidth <= e.clientWidth + 1 }"
    )


def test_feedback_has_no_serious_fault(visit: Callable[..., Page]) -> None:
    page = desk.ready(visit(NOTEBOOK))
    desk.run(page, LESSON, "open")
    desk.run(page, LESSON, "site-check")
    assert _serious(page, "section[aria-label^='Result']") == []
    desk.run(page, LESSON, "clean-up")


def test_cells_come_back_and_the_learners_own_are_kept(visit: Callable[..., Page], lab: dict[str, str]) -> None:
    page = desk.ready(visit(NOTEBOOK))
    desk.write(page, LESSON, "site", "my own try")
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Restore cell", exact=True).click()
    page.wait_for_selector("text=yours is in")
    assert desk.cell(page, LESSON, "site").locator(".cm-content").inner_text() == "%%bash\n# YOUR CODE HERE"
    backups = Path(lab["workspace"]) / LESSON / "backups"
    assert [path.read_text() for path in backups.glob("*-site.txt")] == ["my own try"]

    count = page.locator(".jp-Notebook .jp-Cell").count()
    # A demonstration: what is graded can't be deleted.
    desk.cell(page, LESSON, "run-first").locator(".jp-InputPrompt").click()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert page.locator(".jp-Notebook .jp-Cell").count() == count - 1
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("Restore all cells")
    page.keyboard.press("Enter")
    page.locator(".jp-Dialog").get_by_role("button", name="Restore").click()
    page.wait_for_selector("text=your notebook is in")
    assert page.locator(".jp-Notebook .jp-Cell").count() == count
    assert len(list(backups.glob("*.ipynb"))) == 1
    # The next test opens the file.
    desk.cell(page, LESSON, "run-first").locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1500)


def test_a_terminal_beside_the_lesson_is_in_its_lab(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = desk.ready(visit(NOTEBOOK))
    desk.run(page, LESSON, "open")
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Terminal", exact=True).click()
    page.wait_for_selector(".jp-Terminal .xterm-helper-textarea", state="attached", timeout=20_000)
    page.wait_for_timeout(3000)
    seen = tmp_path / "seen"
    page.locator(".jp-Terminal").click()
    page.keyboard.type(f'echo "$SITE_PORT $PWD $(docker version --format {{{{.Server.Version}}}})" > {seen}\n')
    deadline = time.monotonic() + 15
    while not (seen.exists() and seen.read_text().strip()) and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    port, folder, version = seen.read_text().split()
    assert port.isdigit()
    assert folder.endswith(f"{LESSON}/work")
    assert version
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / "terminal.png")
    desk.run(page, LESSON, "clean-up")


def test_what_runs_is_told_on_demand(visit: Callable[..., Page]) -> None:
    page = visit()
    page.wait_for_selector(".course-home", timeout=60_000)
    page.get_by_role("button", name="What runs, and what it takes").click()
    page.wait_for_selector(".course-lab table", timeout=30_000)
    assert "Docker Engine" in page.locator(".course-lab").inner_text()


def test_instructors_panels_are_the_instructors(browser: Browser, lab: dict[str, str]) -> None:
    page = browser.new_page()
    answer = page.goto(f"{lab['base']}/formgrader?token={lab['token']}")
    assert answer and answer.status == 404
    command = [sys.executable, "-m", "environment", "formgrader"]
    with subprocess.Popen(command, cwd=paths.ROOT, env=labenv.lab(), stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout
            address = re.search(r"Formgrader +(\S+)", served.stdout.readline())
            assert address
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with suppress(Error):
                    page.goto(address[1])
                    break
                time.sleep(0.5)
            page.get_by_text(LESSON, exact=True).first.wait_for(timeout=60_000)
            assert page.get_by_text("does not exist and could not be created").count() == 0
        finally:
            served.terminate()
            page.close()


def _ask(lab: dict[str, str], method: str, body: bytes | None = None, token: str = "") -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(f"{lab['base']}/course/progress", data=body, method=method)  # noqa: S310
    request.add_header("Authorization", f"token {token or lab['token']}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


def test_marks_of_another_machine_are_taken_over_and_strangers_get_nothing(lab: dict[str, str]) -> None:
    theirs = {"lessons": {"2-04-dockerfile": {"sign-check": {"points": 5, "maximum": 5, "passed": 1.0, "tries": 1}}}}
    status, told = _ask(lab, "PUT", json.dumps(theirs).encode())
    assert (status, told["message"]) == (200, "1 marks were taken over; where yours were as good, they stayed.")
    status, kept = _ask(lab, "GET")
    assert "2-04-dockerfile" in str(kept)
    assert _ask(lab, "PUT", b"[]")[0] == 400
    assert _ask(lab, "PUT", b"no json")[0] == 400
    assert _ask(lab, "GET", token="wrong")[0] in {401, 403}
