"""Makes an image from Debian packages (and PyPI wheels), for machines that reach no container registry.

A recipe is a folder here: `recipe.toml` (base, packages, wheels, image configuration), `files/` (laid over the root file
system) and `setup.sh` (run inside, last). No client setting – mirror, proxy, token – stays in a layer: they are mounted
while packages are installed.
"""

import json
import os
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from environment import bootstrap, files, labenv, paths, process, versions
from environment.errors import EnvironmentProblem
from environment.images import apt
from environment.supply import golang

RECIPES = Path(__file__).parent
LABEL = "containers-course.stand-in"
#: Images under this name are the course's own: no registry has them, they are made wherever the course runs.
OWN = "course/"


def recipe(name: str) -> dict[str, Any]:
    """The recipe of a catalog image."""
    return tomllib.loads((RECIPES / name / "recipe.toml").read_text())


def key(name: str) -> str:
    """Names a stand-in by everything it is made from, its base included."""
    folder = RECIPES / name
    parts: list[str | bytes] = [apt.SUITE, title(name)]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            parts += [str(path.relative_to(folder)), path.read_bytes()]
    base = recipe(name).get("base")
    parts += [golang.key(component) for component, _ in programs(name)]
    return files.digest_of(*parts, key(base) if base else "")


def title(name: str) -> str:
    """What the image says of itself in `docker inspect`: a stand-in never passes for upstream's image."""
    reference = versions.image(name)
    what = reference if reference.startswith(OWN) else f"Stand-in for {reference}"
    return f"{what}, made from packages by the course"


def programs(name: str) -> list[tuple[versions.Component, str]]:
    """The programs of ours that the recipe puts into the image, and where: they are built from Go modules."""
    wanted = recipe(name).get("programs", {})
    return [(one, wanted[one.name]) for one in versions.components() if one.name in wanted]


def _changes(name: str) -> list[str]:
    made = recipe(name)
    config = {"ENTRYPOINT": "[]", "CMD": "[]", **{k: v for k, v in made.get("config", {}).items() if k != "ENV"}}
    lines = [f"{word} {value if isinstance(value, str) else json.dumps(value)}" for word, value in config.items()]
    lines += [f"ENV {variable}={value}" for variable, value in made.get("config", {}).get("ENV", {}).items()]
    lines.append(f"LABEL {LABEL}={key(name)}")
    lines.append(f'LABEL org.opencontainers.image.title="{title(name)}"')
    return [word for line in lines for word in ("--change", line)]


def make(name: str, reference: str) -> None:
    """Make the stand-in of `name` and tag it as `reference`. The image's base must be in the engine."""
    made = recipe(name)
    work = paths.cache() / "images" / f"{name}-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    work.chmod(0o755)
    try:
        if "base" in made:
            _layer(name, made, work, reference)
        else:
            apt.bootstrap_root(made["variant"], made.get("packages", []), work / "root.tar")
            _import(name, made, work, reference)
    finally:
        files.remove_tree(work)


def _import(name: str, made: dict[str, Any], work: Path, reference: str) -> None:
    root = work / "root"
    root.mkdir()
    process.run(["tar", "--extract", "--file", work / "root.tar", "--directory", root, "--numeric-owner"])
    if "setup" in made:
        process.run(["sh", "-euc", made["setup"]], cwd=root)
    archive = subprocess.Popen(
        ["tar", "--create", "--numeric-owner", "--directory", str(root), "."], stdout=subprocess.PIPE
    )
    done = subprocess.run(
        ["docker", "import", *_changes(name), "-", reference],
        env=labenv.lab(),
        stdin=archive.stdout,
        capture_output=True,
        text=True,
    )
    if archive.wait() or done.returncode:
        raise EnvironmentProblem(f"{reference} could not be imported: {done.stderr.strip()}")


def _layer(name: str, made: dict[str, Any], work: Path, reference: str) -> None:
    from environment.images.supply import docker

    (work / "sources.list").write_text(apt.sources() if made.get("packages") else "")
    options = [
        'Dir::Etc::sourcelist="/run/course/sources.list"',
        'Dir::Etc::sourceparts="-"',
        'APT::Sandbox::User="root"',
        'APT::Install-Recommends="false"',
        *apt.options(),
    ]
    (work / "apt.conf").write_text("".join(f"{line.replace('=', ' ', 1)};\n" for line in options))
    maven = Path.home() / ".m2" / "settings.xml"
    if maven.is_file():
        shutil.copyfile(maven, work / "settings.xml")
    if "wheels" in made:
        _download(made["wheels"], work / "wheels", pure=made.get("pure_wheels", False))
    archives, lists = paths.cache() / "apt" / "archives", paths.cache() / "apt" / "lists"
    for folder in (archives, lists):
        folder.mkdir(parents=True, exist_ok=True)
    mounts = [
        f"{work}:/run/course:ro",
        f"{archives}:/var/cache/apt/archives",
        f"{lists}:/var/lib/apt/lists",
        f"{RECIPES / name}:/run/recipe:ro",
    ]
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    mounts += [f"{certificates}:/run/certificates.crt:ro"] if certificates.exists() else []
    words = [word for mount in mounts for word in ("--volume", mount)]
    stale = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}=building-{name}").split()
    if stale:  # an earlier build was killed
        docker("rm", "--force", *stale)
    # The host's network: packages must come even where the bridge cannot reach out.
    container = docker(
        "create",
        "--network=host",
        "--tmpfs=/run:exec",
        *words,
        "--label",
        f"{LABEL}=building-{name}",
        "--env=APT_CONFIG=/run/course/apt.conf",
        "--env=DEBIAN_FRONTEND=noninteractive",
        # The base may start something else. `docker history` shows this command as what the layer was made by.
        "--entrypoint=",
        versions.image(made["base"]),
        "sh",
        "-c",
        f": apt-get install {' '.join(made.get('packages', []))}; exec sleep infinity",
    ).strip()
    try:
        docker("start", container)
        for component, place in programs(name):
            docker("cp", str(golang.build(component, bootstrap.python())), f"{container}:{place}")
        for component, wanted in made.get("sources", {}).items():
            source = golang.source_folder(versions.component(component), bootstrap.python())
            for inside, place in wanted.items():
                docker("exec", container, "mkdir", "--parents", str(Path(place).parent))
                docker("cp", str(source / inside), f"{container}:{place}")
        # Several images may be made at once; apt's downloads are kept in one place.
        with files.lock("apt", wait=900):
            docker("exec", container, "sh", "-euc", _script(name, made))
        docker(
            "commit",
            *_changes(name),
            "--change",
            "ENV APT_CONFIG=",
            "--change",
            "ENV DEBIAN_FRONTEND=",
            container,
            reference,
        )
    finally:
        docker("rm", "--force", container)


def _script(name: str, made: dict[str, Any]) -> str:
    lines = []
    if made.get("packages"):
        names = " ".join(shlex.quote(package) for package in made["packages"])
        # Debian's maintainer scripts must not start services in a container.
        lines += [
            "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d",
            "chmod 755 /usr/sbin/policy-rc.d",
            "apt-get update -qq",
            f"apt-get install -y -qq {names}",
            "rm /usr/sbin/policy-rc.d",
            "rm -rf /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/log/*.log /var/log/apt",
        ]
    if (RECIPES / name / "files").is_dir():
        lines.append("cp --recursive --preserve=mode /run/recipe/files/. /")
    if (RECIPES / name / "setup.sh").exists():
        lines.append("sh -eu /run/recipe/setup.sh")
    return "\n".join(lines)


def _download(lock: str, target: Path, *, pure: bool) -> None:
    """Fetch the locked wheels; with `pure`, those that run on any Python (the image's is not this one)."""
    any_python = ["--implementation", "py", "--abi", "none", "--platform", "any"] if pure else []
    process.run(
        [
            bootstrap.python(),
            "-m",
            "pip",
            "download",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
            *any_python,
            "--dest",
            target,
            "-r",
            bootstrap.REQUIREMENTS / lock,
        ]
    )
