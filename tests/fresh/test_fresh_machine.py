"""The README's first command on a machine that has nothing: a bare Debian root in its own namespaces, cold caches, foreign
firewall rules and links around. First as root, then as an ordinary user beside somebody's Docker Engine."""

import ipaddress
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import console, paths
from environment.engine import host
from environment.images import apt

HERE = Path(__file__).parent
SPACE = "course-fresh"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="making a machine takes root")


def _sh(*words: str, check: bool = True) -> str:
    done = subprocess.run(words, capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """A network namespace with a way out, foreign rules and a foreign link in it."""
    _down()
    inside = ipaddress.ip_network(host.free_range())
    ours, theirs = inside[65025], inside[65026]
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    before = forward.read_text()
    _sh("ip", "netns", "add", SPACE)
    try:
        _sh("ip", "link", "add", "fresh0", "type", "veth", "peer", "name", "eth0", "netns", SPACE)
        _sh("ip", "address", "add", f"{ours}/30", "dev", "fresh0")
        _sh("ip", "link", "set", "fresh0", "up")
        for line in (
            f"address add {theirs}/30 dev eth0",
            "link set eth0 up",
            "link set lo up",
            f"route add default via {ours}",
            "link add foreign0 type bridge",
        ):
            _sh("ip", "-n", SPACE, *line.split())
        forward.write_text("1")
        for words in _rules(str(theirs)):
            _sh("iptables", *words)
        for line in ("-N FOREIGN", "-A INPUT -p tcp --dport 9999 -j FOREIGN", "-A FOREIGN -j DROP"):
            _sh("ip", "netns", "exec", SPACE, "iptables", *line.split())
        yield
    finally:
        for words in _rules(str(theirs)):
            _sh("iptables", *[{"-I": "-D"}.get(word, word) for word in words], check=False)
        forward.write_text(before)
        _down()


def _rules(address: str) -> list[list[str]]:
    return [
        ["-t", "nat", "-I", "POSTROUTING", "-s", address, "-j", "MASQUERADE"],
        ["-I", "FORWARD", "-i", "fresh0", "-j", "ACCEPT"],
        ["-I", "FORWARD", "-o", "fresh0", "-j", "ACCEPT"],
    ]


def _down() -> None:
    _sh("ip", "netns", "delete", SPACE, check=False)
    _sh("ip", "link", "delete", "fresh0", check=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root file system: Debian 12's minimum, Python, this machine's own client settings, a clone of the course."""
    folder = Path("/var/tmp") / f"{SPACE}-{os.getpid()}"
    # This machine's release: a bare Debian 12, whatever the stand-ins are made from.
    sources = apt.sources().replace(apt.SUITE, "bookworm")
    with console.step("fresh: make a bare Debian"):
        include = "--include=python3,ca-certificates,iproute2,debian-archive-keyring"
        words = ["mmdebstrap", "--variant=minbase", "--mode=root", include, "bookworm", str(folder), "-"]
        done = subprocess.run(words, input=sources, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    for place in ("etc/resolv.conf", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt", "root/.config/pip/pip.conf",
                  "root/.config/go/env"):  # fmt: skip
        if Path("/", place).exists():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path("/", place), folder / place)
    for config in Path("/etc/apt/apt.conf.d").glob("9*"):
        shutil.copy(config, folder / "etc/apt/apt.conf.d")
    _sh("git", "clone", "--quiet", str(paths.ROOT), str(folder / "root/course"))
    yield folder
    subprocess.run(["umount", "--recursive", "--lazy", str(folder)], capture_output=True)
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=True)
    for group in [Path("/sys/fs/cgroup") / SPACE, *Path("/sys/fs/cgroup").glob(f"*/{SPACE}")]:
        for below in sorted(group.rglob("*/"), key=lambda path: len(path.parts), reverse=True):
            below.rmdir()
        if group.is_dir():
            group.rmdir()


def _run(root: Path, script: str) -> str:
    """Run a script of this folder on that machine, with its output shown as it comes; return the output."""
    words = [
        "nsenter",
        f"--net=/run/netns/{SPACE}",
        str(HERE / "enter.sh"),
        str(root),
        f"/root/course/tests/fresh/{script}",
    ]
    lines = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
            if line.startswith("FRESH ") and ": " in line:
                what, _, seconds = line.removeprefix("FRESH ").rpartition(": ")
                console.record(f"fresh machine: {what}", float(seconds.split()[0]))
    return "".join(lines)


def _firewall() -> list[str]:
    """The machine's rules and chains, in order; empty tables and chains of the kernel's own don't count."""
    saved = [_sh("ip", "netns", "exec", SPACE, program) for program in ("iptables-save", "ip6tables-save")]
    lines = [line.split(" [")[0] for text in saved for line in text.splitlines()]
    return [line for line in lines if line.startswith("-A") or (line.startswith(":") and not line.endswith(" ACCEPT"))]


def test_as_root_with_nothing_there(root: Path, network: None) -> None:
    before = _firewall()
    assert "-A FOREIGN -j DROP" in before
    output = _run(root, "as_root.sh")
    assert "FRESH-ROOT-OK" in output, output[-4000:]
    assert _firewall() == before


def test_as_an_ordinary_user_beside_somebodys_engine(root: Path, network: None) -> None:
    assert (root / "opt/foreign/dockerd").exists(), "the first test did not get that far"
    output = _run(root, "as_user.sh")
    assert "FRESH-USER-OK" in output, output[-4000:]
