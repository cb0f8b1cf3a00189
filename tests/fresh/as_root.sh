# On a bare Debian, as root: the README's first command, a whole lesson with all its points, then clean. Nothing may remain.
set -euo pipefail
cd /root/course
. tests/fresh/compare.sh

started=$(date +%s)
since() { echo "FRESH $1: $(($(date +%s) - started)) s"; }
snapshot before
python3 -m environment start --yes --detach --no-browser
since "JupyterLab answers, first lesson workable"
python3 -m environment run 1-01-what-is-a-container
since "first lesson executed"
until grep -q '"engine"' ~/.local/state/containers-course/progress.json; do
    python3 -m environment status | grep -q 'stopped:' && { python3 -m environment status; exit 1; }
    sleep 1
done
since "engine ready"
python3 -m environment shell docker run --rm busybox:1.37 true 2> /dev/null || true
until python3 -m environment shell docker image inspect busybox:1.37 > /dev/null 2>&1; do sleep 1; done
python3 -m environment shell docker run --rm busybox:1.37 echo "the first container runs"
since "first container runs"
python3 -m environment run 2-03-containers
since "second lesson executed with all points"
until grep -q '"plugins"' ~/.local/state/containers-course/progress.json; do
    python3 -m environment status | grep -q 'stopped:' && { python3 -m environment status; exit 1; }
    sleep 1
done
python3 -m environment shell docker buildx version
python3 -m environment shell docker compose version
since "compose and buildx ready"

# For the next test: an engine that plays the user's own, and the images in it.
mkdir -p /opt/foreign
cp ~/.local/share/containers-course/bin/* /opt/foreign/
cp ~/.local/state/containers-course/daemon.json /opt/foreign/
python3 -m environment shell docker save --output /opt/foreign/images.tar busybox:1.37 nginx:1.26

echo "my own note" >> workspace/2-03-containers/2-03-containers.ipynb
python3 -m environment clean --yes
snapshot after
test -f workspace/2-03-containers/2-03-containers.ipynb || { echo "a changed notebook was removed"; exit 1; }
rm -r workspace build
compare
echo FRESH-ROOT-OK
