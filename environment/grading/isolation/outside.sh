#!/bin/sh
# Run by root in a mount namespace of its own: makes a lab's files visible, then gives up every privilege on this machine
# and starts a user namespace, whose root the lab's engine will be. Besides what tree.sh wants:
#   BASE    first user id of the lab's range       INSIDE   the text of inside.sh
#   CGROUPS the lab's cgroup folders, its own already        SOCKETS  a folder of its own for the sockets that we use
set -eu
. "$HERE/tree.sh"
mkdir -p sys dev/pts root opt var
ln -s pts/ptmx dev/ptmx
show "$DISK" /lab/disk rw,nosuid,nodev
mount -t tmpfs -o "mode=755,uid=$BASE,gid=$BASE,size=64m,nosuid,nodev" run run
show "$SOCKETS" /run/lab rw,nosuid,nodev,noexec
mount --bind lab/disk/opt opt
mount --bind lab/disk/var var
for place in $CGROUPS; do
    echo $$ > "$place/cgroup.procs"
done
cd /
exec setpriv --reuid "$BASE" --regid "$BASE" --clear-groups \
    unshare --user --mount --pid --net --ipc --uts --cgroup --fork --propagation private \
    sh -c 'read -r go; exec sh -c "$INSIDE"'
