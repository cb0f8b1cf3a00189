"""A JupyterLab on a fresh workspace and a browser, for all that is tested as a learner meets it."""

import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from environment import paths, workspace
from environment.jupyter import server

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
ARGUMENTS = ["--no-sandbox", *QUIET, "--disable-component-update"]


@pytest.fixture(scope="module")
def lab(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A JupyterLab of its own on a fresh workspace: the learner's is not touched."""
    if not CHROMIUM:
        pytest.skip("no Chromium: apt-get install chromium")
    folder = tmp_path_factory.mktemp("lab")
    patch = pytest.MonkeyPatch()
    patch.setattr(paths, "WORKSPACE", folder / "workspace")
    patch.setattr(server, "_record", lambda: folder / "jupyter.json")
    workspace.refresh()
    yield {**server.start(Path(sys.executable)), "workspace": str(folder / "workspace")}
    server.stop()
    patch.undo()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, Debian's or the system's."""
    if not CHROMIUM:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, lab: dict[str, str]) -> Iterator[Callable[..., Page]]:
    """Opens a path of the workspace (none: what the learner sees first) on a desk of its own; afterwards no script may have
    failed and – where `console` is asked for – the browser's console must have no error."""
    told: list[str] = []
    pages = []

    def go(path: str = "", *, width: int = 1280, dark: bool = False, console: bool = False) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
        pages.append(page)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda line: told.append(line.text) if console and line.type == "error" else None)
        # A JupyterLab desk of its own: what another test had open is not restored.
        desk = f"{lab['base']}/lab/workspaces/{secrets.token_hex(4)}"
        page.goto(f"{desk}{'/tree/' + path if path else ''}?token={lab['token']}")
        return page

    yield go
    for page in pages:
        page.close()
    assert told == []
