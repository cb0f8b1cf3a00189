"""What is in an image, and who says so: bills of materials, and cosign's signatures and attestations."""

import base64
import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from helpers import images
from helpers.errors import CannotTell, CourseError

#: Lists Debian's and Python's packages, a line each: kind, name, version.
_LIST = (
    "dpkg-query -W -f='deb ${Package} ${Version}\\n' 2>/dev/null; "
    "python3 -m pip freeze --all 2>/dev/null | sed -n 's/^\\([^=]*\\)==\\(.*\\)$/pypi \\1 \\2/p'; true"
)
_SECONDS = 30


@cache
def _listed(identity: str, reference: str) -> str:
    """What `_LIST` prints in a container of the image: one of the same identity holds the same."""
    return images.get(reference).output_of("sh", "-c", _LIST)


def bill(reference: str) -> dict[str, Any]:
    """The image's bill of materials: its Debian and Python packages, as a CycloneDX 1.6 document.

    Raises CourseError when there is no such image, or no shell in it to ask.

    >>> len(bill("python:3.13-slim")["components"])  # doctest: +SKIP
    105
    """
    identity = str(images.get(reference).raw.id)
    rows = [line.split() for line in _listed(identity, reference).splitlines()]
    components = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{version}" if kind == "deb" else f"pkg:pypi/{name.lower()}@{version}",
        }
        for kind, name, version in (row for row in rows if len(row) == 3)
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": reference, "version": identity}},
        "components": components,
    }


def versions(document: dict[str, Any], package: str) -> list[str]:
    """The versions of a package that a bill of materials has."""
    return [row["version"] for row in document["components"] if row["name"].lower() == package.lower()]


def cosign(*words: str) -> str:
    """Run cosign, with yes to its questions; return what it prints.

    Raises CourseError with its message when it says no, and CannotTell when there is no cosign.
    """
    environment = {**os.environ, "COSIGN_YES": "true"}
    try:
        done = subprocess.run(["cosign", *words], capture_output=True, text=True, timeout=_SECONDS, env=environment)
    except FileNotFoundError:
        raise CannotTell("cosign is not in the lab yet.", "run the lesson's first cell again: it builds it.") from None
    except subprocess.TimeoutExpired:
        raise CannotTell(f"cosign did not end within {_SECONDS} s.", "run the cell again.") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
        raise CourseError(f"cosign says: {(lines or ['Error: nothing'])[0].removeprefix('Error: ')[:300]}")
    return done.stdout


def verified(image: str, key: Path) -> None:
    """Raises CourseError unless the image (`localhost:5000/team/box@sha256:…`) was signed with the key's other half."""
    cosign("verify", "--key", str(key), "--insecure-ignore-tlog=true", image)


def attested(image: str, key: Path, kind: str = "cyclonedx") -> list[dict[str, Any]]:
    """What was said of the image, signed with the key's other half: the documents of that kind. Raises CourseError if none."""
    words = ["--key", str(key), "--insecure-ignore-tlog=true", "--type", kind]
    told = cosign("verify-attestation", *words, image)
    statements = [
        json.loads(base64.b64decode(json.loads(line)["payload"])) for line in told.splitlines() if line.strip()
    ]
    return [dict(statement["predicate"]) for statement in statements]
