"""A virtual machine with cgroup v2 on any Linux: Debian's kernel, emulated by QEMU, and this machine's own files under a layer in
memory. No hardware support is needed; it is five to ten times slower than the machine itself."""

import subprocess
from pathlib import Path

from environment import bootstrap, console, process
from environment.errors import EnvironmentProblem
from helpers import wait

HERE = Path(__file__).parent
PACKAGES = ["qemu-system-x86", "qemu-system-common", "cpio", "kmod", "busybox-static"]
_FILE_SERVER = Path("/usr/lib/qemu/virtiofsd")
_MODULES = [
    "virtio_pci",
    "virtiofs",
    "overlay",
    "loop",
    "veth",
    "bridge",
    "br_netfilter",
    "nf_tables",
    "nft_compat",
    "nft_chain_nat",
    "nf_nat",
    "ip_tables",
    "iptable_nat",
    "iptable_filter",
    "iptable_raw",
    "ip6_tables",
    "ip6table_nat",
    "ip6table_filter",
    "xt_conntrack",
    "xt_MASQUERADE",
    "xt_addrtype",
    "xt_nat",
    "xt_tcpudp",
    "xt_comment",
    "xt_mark",
]
_MEMORY_MB = 8192


def _kernel(folder: Path) -> str:
    """Unpack Debian's cloud kernel in `folder`; its release."""
    depends = process.run(["apt-cache", "depends", "--important", "linux-image-cloud-amd64"])
    name = next(line.split()[-1] for line in depends.splitlines() if "Depends: linux-image-" in line)
    process.run(["apt-get", "download", "--option=APT::Sandbox::User=root", name], cwd=folder)
    process.run(["dpkg", "--extract", next(folder.glob("linux-image-*.deb")), folder / "kernel"])
    return name.removeprefix("linux-image-")


def _ram_disk(folder: Path, release: str) -> None:
    """Make the initial RAM disk: busybox, the kernel's modules, `init`."""
    root = folder / "disk"
    for name in ("bin", "proc", "sys", "dev", "host", "layer", "root", "lib/modules"):
        (root / name).mkdir(parents=True)
    process.run(["cp", "/bin/busybox", root / "bin"])
    for name in ("sh", "mount", "umount", "mkdir", "cat", "modprobe", "switch_root"):
        (root / "bin" / name).symlink_to("busybox")
    process.run(["cp", "--archive", folder / "kernel" / "lib" / "modules" / release, root / "lib" / "modules"])
    process.run(["/sbin/depmod", "--basedir", root, release])
    (root / "modules").write_text("\n".join(_MODULES))
    (root / "init").write_text((HERE / "init").read_text().replace("$INSIDE", str(HERE / "inside.sh")))
    (root / "init").chmod(0o755)
    process.run(["sh", "-c", "find . | cpio --quiet -o -H newc > ../disk.cpio"], cwd=root)


def run(folder: Path, python: str, seconds: float) -> str:
    """Boot the machine, let it run `tests.unified.job` with `python`, and return what its console said.

    Raises EnvironmentProblem where this can't be done.
    """
    bootstrap.install_packages(
        [one for one in PACKAGES if subprocess.run(["dpkg", "--status", one], capture_output=True).returncode],
        yes=True,
    )
    if not _FILE_SERVER.exists():
        raise EnvironmentProblem(f"{_FILE_SERVER} is not there, which shows this machine's files to a virtual one.")
    release = _kernel(folder)
    _ram_disk(folder, release)
    socket = folder / "files.sock"
    shared = [str(_FILE_SERVER), f"--socket-path={socket}", "-o", "source=/,cache=auto,sandbox=chroot,xattr"]
    with (folder / "files.log").open("wb") as log:
        server = subprocess.Popen(shared, stdout=log, stderr=log)
    try:
        wait.until(socket.exists, "the file server to listen", timeout=10)
        memory = f"memory-backend-memfd,id=memory,size={_MEMORY_MB}M,share=on"
        words = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(_MEMORY_MB)]
        words += ["-object", memory, "-numa", "node,memdev=memory", "-chardev", f"socket,id=files,path={socket}"]
        words += ["-device", "vhost-user-fs-pci,chardev=files,tag=host", "-nic", "none", "-nographic", "-no-reboot"]
        words += ["-kernel", str(folder / "kernel" / "boot" / f"vmlinuz-{release}")]
        words += ["-initrd", str(folder / "disk.cpio")]
        words += ["-append", f"console=ttyS0 panic=-1 quiet PYTHON={python}"]
        with console.step("a virtual machine with cgroup v2"):
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds)
        return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    finally:
        server.kill()
        server.wait()
