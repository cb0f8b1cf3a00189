#!/bin/sh
# Run by root in mount, process and IPC namespaces of its own and the lab's network: the judge sees the course, the lab's
# engine and – read-only, without following links – the answers. Then every privilege goes. Besides what tree.sh wants:
#   JUDGE   its user id, JUDGE_INSIDE in its own user namespace    GROUPS_OF_LAB  groups that may use the lab's sockets
#   SOCKETS the folder with the lab's sockets      STATE  the place of the course's state in the lab
#   CGROUPS its cgroup folders     JUDGE_ENV      its variables, as words of `env`
#   KUBECONFIG_OF_JUDGE  its kubeconfig, where the lab has a cluster
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
[ -z "$KUBECONFIG_OF_JUDGE" ] || cp "$KUBECONFIG_OF_JUDGE" ".$STATE/"
chown -hR "$JUDGE:$JUDGE" lab/disk
theirs=$DISK/${STATE#/lab/disk/} still=ro,nosuid,nodev,noexec,nosymfollow
show "$theirs/lessons" "$STATE/lessons" $still
show "$theirs/docker/contexts" "$STATE/docker/contexts" $still
show "$theirs/docker" "$STATE/docker-of-learner" $still
for place in $CGROUPS; do
    echo $$ > "$place/cgroup.procs"
done
mount -t proc -o nosuid,nodev,noexec,hidepid=2 proc proc
pivot_root . old
umount -l /old
cd /lab/disk/home
# A user namespace in which the lab's ids have the lab's numbers, and the judge the one after: what it keeps of root's power
# is to read what belongs to the lab. The ids are mapped from outside, then a word comes on stdin, then the job.
exec unshare --user --keep-caps sh -c 'read -r go; exec setpriv --reuid '"$JUDGE_INSIDE"' --regid '"$JUDGE_INSIDE"' \
    --groups '"$GROUPS_OF_LAB"' --bounding-set=-all,+dac_read_search --inh-caps=-all,+dac_read_search \
    --ambient-caps=-all,+dac_read_search --no-new-privs env -i "$@" COURSE_DOCKER_CONFIG=$STATE/docker-of-learner python -m environment.grading.conductor' sh $JUDGE_ENV
