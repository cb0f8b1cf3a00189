#!/bin/sh
# Runs its arguments as a pod's program. On cgroup v2 a privileged container may see all groups of its node (containerd gives it
# no cgroup namespace): here it gets one, in which the root is its own group, and two pods of a node don't meet.
set -eu
[ -e /sys/fs/cgroup/cgroup.controllers ] || exec "$@"
# (The same file system is not mounted twice in one place: the old view goes first.)
exec unshare --cgroup --mount --propagation private sh -euc '
    umount /sys/fs/cgroup
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup /sys/fs/cgroup
    exec "$@"' sh "$@"
