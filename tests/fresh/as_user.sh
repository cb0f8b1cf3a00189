# On the same machine, as an ordinary user, beside a Docker Engine that is the user's own, with foreign things in it.
set -euo pipefail
cd /root/course
python3 - <<'PY'
import json
config = json.load(open("/opt/foreign/daemon.json"))
kept = {key: config[key] for key in ("runtimes", "default-runtime", "userland-proxy-path") if key in config}
text = json.dumps({**kept, "hosts": ["unix:///var/run/docker.sock"], "data-root": "/opt/foreign/data"})
open("/opt/foreign/own.json", "w").write(text.replace("/root/.local/share/containers-course/bin", "/opt/foreign"))
PY
export PATH=/opt/foreign:$PATH
groupadd --force docker
useradd --create-home --groups docker learner
dockerd --config-file /opt/foreign/own.json > /opt/foreign/log 2>&1 &
until docker version > /dev/null 2>&1; do sleep 0.2; done
docker load --quiet --input /opt/foreign/images.tar
docker run -d --name foreign --label owner=me nginx:1.26 > /dev/null
docker run --name foreign-stopped busybox:1.37 true
docker volume create foreign-volume > /dev/null
docker network create foreign-net > /dev/null
docker tag busybox:1.37 foreign-image:1
all() {
    docker ps -a --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' | sort
    docker volume ls --format '{{.Name}}' | sort
    docker network ls --no-trunc --format '{{.ID}} {{.Name}}' | sort
    docker images --all --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
}
all > /snapshots/engine-before

cp -r /root/course /home/learner/course
chown -R learner: /home/learner/course
cat > /home/learner/go.sh <<'LEARNER'
set -euo pipefail
cd ~/course
# Nobody to ask, and no --yes: JupyterLab comes, the engine is left alone.
python3 -m environment start --detach --no-browser < /dev/null | tee ~/unasked
grep -q "not agreed to use it" ~/unasked
python3 -m environment status > ~/status || true
grep -q "not chosen yet" ~/status
python3 -m environment start --yes --detach --no-browser
python3 -m environment status
python3 -m environment shell docker info --format '{{.Name}}' > /dev/null
python3 -m environment run 2-03-containers
python3 -m environment clean --yes
test -z "$(ls ~/.cache ~/.local/state ~/.local/share 2>/dev/null | grep containers-course)"
LEARNER
setpriv --reuid=learner --regid=learner --init-groups env -i HOME=/home/learner PATH=/opt/foreign:/usr/bin:/bin LANG=C.UTF-8 bash /home/learner/go.sh
all > /snapshots/engine-after
diff -u /snapshots/engine-before /snapshots/engine-after

# The name of a lesson's container is taken by somebody else: refused by name, untouched.
docker run -d --name site busybox:1.37 sleep 600 > /dev/null
cat > /home/learner/taken.sh <<'LEARNER'
cd ~/course
python3 -m environment start --yes --detach --no-browser > /dev/null
python3 -m environment run 2-03-containers
LEARNER
setpriv --reuid=learner --regid=learner --init-groups env -i HOME=/home/learner PATH=/opt/foreign:/usr/bin:/bin LANG=C.UTF-8 \
    bash /home/learner/taken.sh > /snapshots/taken 2>&1 && { echo "somebody else's name was used"; exit 1; }
grep -q "a container named 'site'" /snapshots/taken || { cat /snapshots/taken; exit 1; }
test "$(docker inspect site --format '{{.State.Status}}')" = running
echo FRESH-USER-OK
