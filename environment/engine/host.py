"""What starting an engine changes on the host – links, firewall, sysctls, mounts, cgroups – and how to undo exactly that.

A snapshot is written to the ledger *before* the first change. Undoing removes what is there now, was not there before,
and bears an engine's mark; nothing goes on a name alone.
"""

import contextlib
import ipaddress
import json
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from environment import files, paths, process
from environment.errors import EnvironmentProblem

BRIDGE = "course0"
CGROUP = paths.NAME
#: dockerd turns these on where they are off.
SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    "net/ipv6/conf/default/forwarding",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
)
_ENGINE_LINK = re.compile(rf"^({BRIDGE}|docker_gwbridge|br-[0-9a-f]{{12}}|dm-[0-9a-f]{{12}})$")
_FAMILIES = ("iptables", "ip6tables")
#: containerd makes these, empty, wherever it runs.
_CONTAINERD = tuple(Path("/opt/containerd") / name for name in ("bin", "lib", ""))


def _ledger() -> Path:
    return paths.state() / "host-before.json"


def _links() -> list[dict[str, Any]]:
    return list(json.loads(process.run(["ip", "-j", "address"], remedy="sudo apt-get install -y iproute2")))


def _saved(family: str) -> dict[str, list[str]]:
    """`iptables-save`, as lines by table (counters stripped). Empty where the family is not available."""
    if not shutil.which(f"{family}-save"):
        return {}
    done = subprocess.run([f"{family}-save"], capture_output=True, text=True)
    tables: dict[str, list[str]] = {}
    current: list[str] = []
    for line in done.stdout.splitlines():
        if line.startswith("*"):
            current = tables.setdefault(line[1:], [])
        elif line.startswith((":", "-A")):
            current.append(re.sub(r" \[\d+:\d+\]$", "", line))
    return tables


def sysctls() -> dict[str, str]:
    """The present values of the sysctls that an engine may change."""
    found = {}
    for name in SYSCTLS:
        path = Path("/proc/sys") / name
        if path.exists():
            found[name] = path.read_text().strip()
    return found


def free_range() -> str:
    """A private /16 that no address or route of this host overlaps, for the engine's networks.

    Raises EnvironmentProblem when every candidate is taken.
    """
    routes = json.loads(process.run(["ip", "-j", "route", "show", "table", "all"]))
    taken = [f"{a['local']}/{a['prefixlen']}" for link in _links() for a in link["addr_info"]]
    taken += [route["dst"] for route in routes if route["dst"] != "default"]
    nets = []
    for text in taken:
        try:
            net = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        if net.version == 4 and net.prefixlen:
            nets.append(net)
    for second in range(201, 255):
        candidate = ipaddress.ip_network(f"10.{second}.0.0/16")
        if not any(candidate.overlaps(net) for net in nets):
            return str(candidate)
    raise EnvironmentProblem(
        "no free private address range is left for the engine's networks.", "disconnect a VPN, then start again."
    )


def remember(address_range: str) -> dict[str, Any]:
    """Write the host's state to the ledger, unless an earlier start has; return what the ledger holds."""
    known = files.read_json(_ledger())
    if known:
        return dict(known)
    snapshot = {
        "range": address_range,
        "links": [link["ifname"] for link in _links()],
        "sysctls": sysctls(),
        "folders": [str(place) for place in _CONTAINERD if place.exists()],
        "firewall": {family: _saved(family) for family in _FAMILIES},
    }
    files.write_json(_ledger(), snapshot)
    return snapshot


def remembered() -> bool:
    """Whether an engine of this ledger was started and not put back: what the engine's cgroups hold is then its own."""
    return _ledger().exists()


def make_bridge(address_range: str) -> str:
    """Create the engine's default bridge, or take the one that is there; return its address with prefix."""
    network = ipaddress.ip_network(address_range)
    address = f"{network[1]}/24"
    if BRIDGE not in [link["ifname"] for link in _links()]:
        process.run(["ip", "link", "add", BRIDGE, "type", "bridge"])
        process.run(["ip", "address", "add", address, "dev", BRIDGE])
    process.run(["ip", "link", "set", BRIDGE, "up"])
    return address


def undo() -> None:
    """Put links, firewall, sysctls, mounts and cgroups back as the ledger says they were. Safe to repeat."""
    unmount(paths.data())
    unmount(paths.runtime())
    before = files.read_json(_ledger())
    if not before:
        return
    remove_cgroups()
    for link in _links():
        if link["ifname"] not in before["links"] and _ENGINE_LINK.match(link["ifname"]):
            subprocess.run(["ip", "link", "delete", link["ifname"]], capture_output=True)
    for family in _FAMILIES:
        _undo_firewall(family, before["firewall"].get(family, {}), before["range"])
    for name, value in before["sysctls"].items():
        path = Path("/proc/sys") / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)
    for place in _CONTAINERD:
        if str(place) not in before.get("folders", []):
            with contextlib.suppress(OSError):
                place.rmdir()
    _ledger().unlink()


def _undo_firewall(family: str, before: dict[str, list[str]], address_range: str) -> None:
    prefix = ".".join(address_range.split(".")[:2]) + "."
    ours = re.compile(rf"\b(DOCKER[\w-]*|{BRIDGE}|docker_gwbridge|br-[0-9a-f]{{12}})\b|{re.escape(prefix)}")

    def call(table: str, *words: str) -> None:
        subprocess.run([family, "-w", "10", "-t", table, *words], capture_output=True)

    for table, lines in _saved(family).items():
        old = before.get(table, [])
        for line in lines:
            if line.startswith("-A") and line not in old and ours.search(line):
                call(table, "-D", *shlex.split(line)[1:])
        for line in lines:
            if not line.startswith(":") or line in old:
                continue
            chain, policy = line[1:].split()[:2]
            earlier = next((row.split()[1] for row in old if row.startswith(f":{chain} ")), None)
            if chain.startswith("DOCKER") and earlier is None:
                call(table, "-F", chain)
                call(table, "-X", chain)
            elif policy != "-":
                call(table, "-P", chain, earlier or "ACCEPT")
    for table, old in before.items():
        _put_back(family, table, [line for line in old if "DOCKER" in line])


def _put_back(family: str, table: str, lines: list[str]) -> None:
    """Re-create rules of an engine that was here before ours (it was stopped, its rules had stayed)."""
    now = _saved(family).get(table, [])
    missing = [line for line in lines if line not in now]
    if missing:
        text = "\n".join([f"*{table}", *missing, "COMMIT", ""])
        subprocess.run([f"{family}-restore", "--noflush"], input=text, capture_output=True, text=True)


def unmount(folder: Path) -> None:
    """Detach every mount below `folder`, the deepest first."""
    points = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if Path(point).is_relative_to(folder):
            points.append(point)
    for point in sorted(points, key=len, reverse=True):
        subprocess.run(["umount", "--lazy", point], capture_output=True)


def cgroups() -> list[Path]:
    """The engine's cgroup in every hierarchy where it exists (one under cgroup v2, many under v1)."""
    base = Path("/sys/fs/cgroup")
    places = [base / CGROUP, *(child / CGROUP for child in base.iterdir() if child.is_dir())] if base.is_dir() else []
    return [place for place in places if place.is_dir() and not place.parent.is_symlink()]


def _thaw() -> None:
    """Let frozen processes go on, so that they can end: a runtime that was killed while it paused something left it so."""
    for place in cgroups():
        for name, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            for setting in sorted(place.rglob(name), key=lambda path: len(path.parts)):
                with contextlib.suppress(OSError):
                    setting.write_text(word)


def end_container_processes() -> None:
    """Kill what still runs in the engine's cgroups: containers outlive an engine that was killed."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        _thaw()
        members = {
            int(pid)
            for place in cgroups()
            for listed in place.rglob("cgroup.procs")
            for pid in listed.read_text().split()
        }
        living = [pid for pid in members if process.started_at(pid)]
        if not living:
            return
        for pid in living:
            process.end(process.identity(pid), patience=0.2)


def remove_cgroups() -> None:
    """Remove the engine's empty cgroups."""
    for place in cgroups():
        folders = [path for path in place.rglob("*") if path.is_dir()]
        for folder in [*sorted(folders, key=lambda path: len(path.parts), reverse=True), place]:
            try:
                folder.rmdir()
            except OSError:
                continue
