"""Builds the demo application `shop` (v1, v2, v3) from its Dockerfile, with this machine's pip settings mounted, not copied."""

import os
import subprocess
import tempfile
from pathlib import Path

from environment import bootstrap, console, files, labenv, paths
from environment.errors import EnvironmentProblem
from environment.images import supply

FOLDER = Path(__file__).with_name("shop")
VERSIONS = ("v1", "v2", "v3")
#: The label that says what an image of ours was built from.
KEY = "containers-course.shop"


def _pip_config() -> str:
    """pip's settings on this machine, wherever they come from, as one configuration file."""
    words = [str(bootstrap.python()), "-m", "pip", "config", "list"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    lines = ["[global]"]
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        setting = name.removeprefix(":env:.").removeprefix("global.").removeprefix("install.")
        if setting in {"index-url", "extra-index-url", "trusted-host", "default-timeout", "proxy"}:
            lines.append(f"{setting} = {value.strip(chr(39))}")
    if Path("/etc/ssl/certs/ca-certificates.crt").exists():
        lines.append("cert = /run/certificates.crt")
    return "\n".join(lines) + "\n"


def build_settings(folder: Path) -> list[str]:
    """Words for `docker build` that lend this machine's pip settings and certificates to `RUN --mount=type=secret` steps
    (ids `pip_config` and `certificates`): used while building, kept in no layer. `folder` gets the file they come from."""
    config = folder / "pip.conf"
    config.write_text(_pip_config())
    words = ["--network=host", "--secret", f"id=pip_config,src={config}"]
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    return [*words, "--secret", f"id=certificates,src={certificates}"] if certificates.exists() else words


def _key(version: str, base: str) -> str:
    """Names all that a version is made from."""
    parts: list[str | bytes] = [version, str((supply.inspect(base) or {}).get("Id"))]
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            parts += [str(path.relative_to(FOLDER)), path.read_bytes()]
    return files.digest_of(*parts)


def build(version: str = "v1") -> str:
    """Make sure that `shop:VERSION` is in the engine, built only when it changed; return its reference.

    Raises EnvironmentProblem with the end of the build's output when it fails.
    """
    if version not in VERSIONS:
        raise EnvironmentProblem(f"there is no shop:{version}.", f"one of: {', '.join(VERSIONS)}")
    reference = f"shop:{version}"
    key = _key(version, supply.ensure("python"))
    if ((supply.inspect(reference) or {}).get("Config", {}).get("Labels") or {}).get(KEY) == key:
        return reference
    with tempfile.TemporaryDirectory(dir=paths.building()) as folder, console.step(f"build {reference}"):
        words = ["docker", "build", "--progress=plain", *build_settings(Path(folder)), "--tag", reference]
        words += ["--build-arg", f"VERSION={version}", "--label", f"{KEY}={key}"]
        done = subprocess.run([*words, str(FOLDER)], env=labenv.lab({**os.environ}), capture_output=True, text=True)
        if done.returncode:
            tail = "\n    ".join(done.stderr.strip().splitlines()[-8:])
            raise EnvironmentProblem(f"{reference} could not be built:\n    {tail}", "check that PyPI can be reached.")
    return reference
