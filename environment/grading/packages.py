"""Packages for builds in a lab, which has no way to a package registry: fetched before, shown read-only, handed out by a small
server in the lab. What a submission asks for and the cache lacks is told: then there is no mark, rather than a wrong one.

Run as a program it is that server. Its index has the form of PEP 503, so pip needs nothing but the address.
"""

import hashlib
import html
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from environment import bootstrap, console, files, paths, process, versions
from environment.errors import EnvironmentProblem

#: Where a lab has them, and where it is asked for them.
PLACE, PORT = "/lab/packages", 8099
INDEX = f"http://127.0.0.1:{PORT}/simple/"
#: Misses that are told; a submission that asks for thousands tells nothing new.
TOLD = 20
_MOUNTS = "--mount=type=secret,id=pip_config,target=/etc/pip.conf --mount=type=secret,id=certificates,target=/run/certificates.crt"


def _normal(name: str) -> str:
    """A project's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def write_index(folder: Path, known: Mapping[str, list[str]]) -> None:
    """Write the pages of a simple index for the wheels in `folder`/files. Of `known` – project → versions that there are –
    it lists all: who asks for one that is not here is told so by the server, not by pip."""
    pages: dict[str, list[str]] = {}
    for wheel in sorted((folder / "files").glob("*.whl")):
        digest, name = hashlib.sha256(wheel.read_bytes()).hexdigest(), html.escape(wheel.name)
        project, version = _normal(wheel.name.split("-")[0]), wheel.name.split("-")[1]
        page = pages.setdefault(project, [])
        page.append(f'<a href="../../files/{name}#sha256={digest}">{name}</a>')
        for other in known.get(project, []) if len(page) == 1 else []:
            if not list((folder / "files").glob(f"{wheel.name.split('-')[0]}-{other}-*.whl")) and other != version:
                absent = html.escape(f"{wheel.name.split('-')[0]}-{other}-py3-none-any.whl")
                page.append(f'<a href="../../files/{absent}">{absent}</a>')
    for project, links in pages.items():
        place = folder / "simple" / project
        place.mkdir(parents=True)
        (place / "index.html").write_text("<!DOCTYPE html>\n" + "<br>\n".join(links) + "\n")


def _fetch(wanted: list[str], target: Path) -> None:
    """Download wheels for the Python of the lessons' images, with all that they need themselves."""
    from environment.images import shop, supply

    lines = [f"FROM {versions.image('python')} AS fetch", "COPY . /wanted"]
    with tempfile.TemporaryDirectory(dir=paths.building()) as work, tempfile.TemporaryDirectory() as settings:
        for number, one in enumerate(wanted):
            words = one
            if one.endswith(".lock"):
                shutil.copyfile(paths.ROOT / one, Path(work) / f"{number}.lock")
                words = f"--require-hashes -r /wanted/{number}.lock"
            lines.append(f"RUN {_MOUNTS} pip download --quiet --only-binary=:all: --dest /wheels {words}")
        lines += ["FROM scratch", "COPY --from=fetch /wheels /"]
        (Path(work) / "Dockerfile").write_text("\n".join(lines))
        supply.docker(
            "build", "--quiet", *shop.build_settings(Path(settings)), f"--output=type=local,dest={target}", work
        )


def _versions(project: str) -> list[str]:
    """All versions of a project that the package registry has; none where it has only early ones, which pip does not tell."""
    try:
        told = process.run([bootstrap.python(), "-m", "pip", "index", "versions", project])
    except EnvironmentProblem:
        return []
    found = re.search(r"Available versions: (.*)", told)
    return found[1].split(", ") if found else []


def cache(wanted: list[str]) -> Path:
    """The folder with these packages – requirements, or lock files of the course –, made once and kept.

    Raises EnvironmentProblem when they can't be fetched.
    """
    locks = [(paths.ROOT / one).read_bytes() for one in wanted if one.endswith(".lock")]
    target = paths.data() / "labs" / f"packages-{files.digest_of(*wanted, *locks, Path(__file__).read_bytes())}"
    if not target.exists():
        with console.step("packages for builds in labs"):
            draft = target.with_suffix(".draft")
            files.remove_tree(draft)
            (draft / "files").mkdir(parents=True)
            _fetch(wanted, draft / "files")
            projects = {_normal(wheel.name.split("-")[0]) for wheel in (draft / "files").glob("*.whl")}
            write_index(draft, {project: _versions(project) for project in sorted(projects)})
            for path in [draft, *draft.rglob("*")]:
                path.chmod(0o755 if path.is_dir() else 0o644)
            draft.rename(target)
    return target


class Handler(SimpleHTTPRequestHandler):
    """Hands out files; what is not there is told on standard output, once."""

    missing: set[str] = set()  # noqa: RUF012 - shared by all requests on purpose

    def log_message(self, format: str, *args: object) -> None:
        """Keep no log: whoever asks could make it endless."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Tell what was asked for, then answer as always."""
        wanted = self.path[:200].removeprefix("/simple/").removeprefix("/files/").strip("/")
        # pip looks by itself whether there is a newer pip.
        if code == HTTPStatus.NOT_FOUND and wanted not in self.missing | {"pip"} and len(self.missing) < TOLD:
            self.missing.add(wanted)
            print(ascii(wanted), flush=True)
        super().send_error(code, message, explain)


def main(folder: str) -> None:
    """Serve `folder` until killed."""
    with ThreadingHTTPServer(("127.0.0.1", PORT), partial(Handler, directory=folder)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
