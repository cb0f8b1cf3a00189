"""The lessons as a learner meets them: real Chromium, real JupyterLab, the released copies, real containers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from environment import paths
from environment.grading import proofs
from tests.browser import desk

SHOTS = paths.BUILD / "screenshots"


@pytest.mark.parametrize("lesson", proofs.lessons())
def test_run_all_works_in_the_unsolved_lesson_and_every_check_says_what_is_missing(
    visit: Callable[..., Page], lesson: str
) -> None:
    page = desk.ready(visit(f"{lesson}/{lesson}.ipynb"))
    desk.run_all(page)
    exercises = len(set(proofs.check_of(lesson).values()))
    assert page.locator("section[aria-label^='Result: 0 of']").count() == exercises
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.locator(".jp-OutputArea-output img:not([alt])").count() == 0
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{lesson}-end.png")


def test_a_failing_check_is_fixed_and_passes(visit: Callable[..., Page]) -> None:
    lesson = "2-03-containers"
    page = desk.ready(visit(f"{lesson}/{lesson}.ipynb"))
    SHOTS.mkdir(parents=True, exist_ok=True)
    desk.run(page, lesson, "open")
    desk.write(page, lesson, "site", "%%bash\ndocker run -d --name site -p 127.0.0.1:$SITE_PORT:8080 nginx:1.26")
    desk.run(page, lesson, "site")
    desk.run(page, lesson, "site-check")
    assert "2 of 4" in desk.result(page, lesson, "site-check")
    desk.top(page, lesson, "site")
    page.screenshot(path=SHOTS / "check-fails.png")
    right = "docker run -d --name site -p 127.0.0.1:$SITE_PORT:80 nginx:1.26"
    desk.write(page, lesson, "site", f"%%bash\ndocker rm --force site\n{right}")
    desk.run(page, lesson, "site")
    desk.run(page, lesson, "site-check")
    assert "4 of 4" in desk.result(page, lesson, "site-check")
    desk.top(page, lesson, "site")
    page.screenshot(path=SHOTS / "check-passes.png")
    desk.write(
        page, lesson, "greeter", "%%bash\ndocker run --name greeter -e GREETING=bonjour busybox:1.37 sh -c 'echo"
    )
    desk.run(page, lesson, "greeter")
    output = desk.cell(page, lesson, "greeter").locator(".jp-OutputArea").inner_text()
    assert "ended with status" in output
    assert "Traceback" not in output
    desk.run(page, lesson, "clean-up")
