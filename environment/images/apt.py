"""Debian, as stand-in images need it: this machine's own mirrors and settings for apt, and root file systems made from them."""

import os
from pathlib import Path

from environment import process
from environment.errors import EnvironmentProblem

SUITE = "trixie"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: What Debian's slim images leave out too.
_SLIM = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*")


def sources(suite: str = SUITE) -> str:
    """Lines for sources.list: this machine's own Debian mirrors, for the suite an image is made from.

    Raises EnvironmentProblem where the machine has no Debian mirror configured.
    """
    shown = process.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"])
    lines = set()
    for row in shown.splitlines():
        uri, _, release = row.rpartition(" ")
        codename, _, pocket = release.partition("-")
        if codename in {"bookworm", "trixie", "forky"} and pocket in {"", "updates", "security"}:
            name = f"{suite}-{pocket}" if pocket else suite
            lines.add(f"deb [signed-by={_KEYRING}] {uri.rstrip('/')} {name} main")
    if not lines:
        raise EnvironmentProblem(
            "no container registry answers, and stand-in images need a Debian mirror, which this machine's apt has not.",
            "connect to the internet, or set COURSE_REGISTRY_MIRROR to a registry mirror you reach.",
        )
    return "\n".join(sorted(lines)) + "\n"


def options() -> list[str]:
    """The machine's own proxy and certificate settings for apt."""
    shown = process.run(["apt-config", "dump", "Acquire::http", "Acquire::https"])
    return [line.removesuffix(";").replace(' "', '="') for line in shown.splitlines() if '""' not in line]


def bootstrap_root(variant: str, packages: list[str], target: Path, suite: str = SUITE) -> None:
    """Make a Debian root file system, as the tar file `target`, with mmdebstrap's `variant` and these packages."""
    command = ["mmdebstrap", f"--variant={variant}", "--mode=root", "--format=tar"]
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in _SLIM]
    for option in options():
        name, _, value = option.partition("=")
        command += [f"--aptopt={name} {value}"]
    command += [f"--include={','.join(packages)}"] if packages else []
    command += ['--customize-hook=rm -f "$1"/etc/apt/sources.list "$1"/etc/hostname "$1"/etc/resolv.conf']
    # No suite file: the sources come on standard input, so that no address is ever written into the tar's history.
    process.run(
        [*command, suite, target, "-"],
        stdin=sources(suite),
        env={**os.environ, "TMPDIR": str(target.parent)},
        remedy=f"the system packages mmdebstrap and debian-archive-keyring are needed; look at {target.parent}.",
    )
