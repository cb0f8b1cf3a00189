#!/bin/sh
# Run by root in mount, process and IPC namespaces of its own and the lab's network: the judge sees the course, the lab's
# engine and – read-only, without following links – the answers. Then every privilege goes. Besides what tree.sh wants:
#   JUDGE   its user id            GROUPS_OF_LAB  groups that may use the lab's sockets
#   SOCKETS the folder with the lab's sockets      STATE  the place of the course's state in the lab
#   CGROUPS its cgroup folders     JUDGE_ENV      its variables, as words of `env`
#   VENVS   the folder with virtual environments   ENGINE_RECORD  what the course's state says of the engine
set -eu
. "$HERE/tree.sh"
show "$SOCKETS" /run/lab rw,nosuid,nodev,noexec
mount -t tmpfs -o "mode=755,uid=$JUDGE,gid=$JUDGE,size=16m,nosuid,nodev" state lab/disk
mkdir -p ".$STATE/docker/cli-plugins" lab/disk/home lab/disk/data/containers-course lab/disk/cache/containers-course
ln -s "$VENVS" lab/disk/cache/containers-course/venv
ln -s /lab/tools lab/disk/data/containers-course/bin
ln -s /lab/tools/docker-compose /lab/tools/docker-buildx ".$STATE/docker/cli-plugins/"
cp "$ENGINE_RECORD" ".$STATE/engine.json"
chown -hR "$JUDGE:$JUDGE" lab/disk
for shown in lessons docker/contexts; do
    show "$DISK/${STATE#/lab/disk/}/$shown" "$STATE/$shown" ro,nosuid,nodev,noexec,nosymfollow
done
for place in $CGROUPS; do
    echo $$ > "$place/cgroup.procs"
done
mount -t proc -o nosuid,nodev,noexec,hidepid=2 proc proc
pivot_root . old
umount -l /old
cd /lab/disk/home
exec setpriv --reuid "$JUDGE" --regid "$JUDGE" --groups "$GROUPS_OF_LAB" \
    --bounding-set=-all --inh-caps=-all --no-new-privs env -i $JUDGE_ENV python -m environment.grading.conductor
