#!/bin/bash
# enter.sh ROOT SCRIPT: run SCRIPT (a path inside ROOT) on a machine of its own: ROOT as its root file system, own processes,
# mounts, IPC, hostname and cgroups. The caller chose the network namespace. Everything in it ends with the script.
set -euo pipefail
root=$1 script=$2 name=course-fresh

if [ "${3:-}" != inside ]; then
    # Enter a subtree of every cgroup hierarchy: seen from a new cgroup namespace it is the whole tree.
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
        [ -e "$hierarchy/cgroup.procs" ] || continue
        [ -L "$hierarchy" ] && continue
        [ -e "$hierarchy/cgroup.clone_children" ] && echo 1 > "$hierarchy/cgroup.clone_children"
        mkdir -p "$hierarchy/$name"
        if [ -e "$hierarchy/$name/cpuset.cpus" ]; then
            cat "$hierarchy/cpuset.cpus" > "$hierarchy/$name/cpuset.cpus"
            cat "$hierarchy/cpuset.mems" > "$hierarchy/$name/cpuset.mems"
        fi
        echo $$ > "$hierarchy/$name/cgroup.procs" || true
    done
    exec unshare --mount --propagation private --pid --fork --kill-child --uts --ipc --cgroup \
        "$0" "$root" "$script" inside
fi

hostname fresh
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
while IFS=: read -r _ controllers _; do
    if [ -z "$controllers" ]; then folder=unified type=cgroup2 options=rw
    else folder=${controllers#name=} type=cgroup options=$controllers; fi
    [ -z "$controllers" ] && [ "$(wc -l < /proc/self/cgroup)" = 1 ] && folder=.
    mkdir -p "$root/sys/fs/cgroup/$folder"
    mount -t "$type" -o "$options" "$type" "$root/sys/fs/cgroup/$folder"
done < /proc/self/cgroup
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
rmdir /.old
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 bash "$script"
