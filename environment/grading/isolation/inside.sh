#!/bin/sh
# Process 1 of a lab, root in its user namespace only: its own /proc, /sys, cgroups and loopback, then the engine.
# It lives until it is killed from outside, and everything in the lab with it.
set -eu
hostname lab
mount --rbind "$ROOT" "$ROOT"
cd "$ROOT"
mount -t proc -o nosuid,nodev,noexec proc proc
# Writable as far as the lab's users may write there, which is nowhere; read-only, no privileged container could start.
mount -t sysfs -o nosuid,nodev,noexec sysfs sys
if [ "$CONTROLLERS" = unified ]; then
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup sys/fs/cgroup
    # Groups with limits are made beside this one: where they are, no process may be.
    mkdir sys/fs/cgroup/init
    echo $$ > sys/fs/cgroup/init/cgroup.procs
    CONTROLLERS=
else
    mount -t tmpfs -o mode=755,size=1m,nosuid,nodev,noexec cgroup sys/fs/cgroup
fi
for name in $CONTROLLERS; do
    mkdir "sys/fs/cgroup/$name"
    # systemd's hierarchy has a name and no controller; containerd finds no cgroup at all where one is not mounted.
    [ "$name" = systemd ] && kind=none,name=systemd || kind=$name
    mount -t cgroup -o "nosuid,nodev,noexec,$kind" cgroup "sys/fs/cgroup/$name"
done
mount -t devpts -o newinstance,ptmxmode=666,mode=620,nosuid,noexec devpts dev/pts
pivot_root . old
umount -l /old
cd /
ip link set lo up
exec 0< /dev/null
exec env -i PATH="$LAB_PATH" HOME=/lab/disk/root COURSE_RUNC=/lab/tools/runc COURSE_WITHHELD=SYS_PTRACE \
    DOCKER_BUILDKIT_RUNC_COMMAND=/lab/engine/runc \
    tini-static -- dockerd --config-file /etc/docker/daemon.json
