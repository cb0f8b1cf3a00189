# Runs in the node's root file system (chroot), as kind's own Dockerfile for its base image does.
set -eu
chmod 755 /usr/local/bin/* /kind /kind/bin /kind/bin/*
rm -f /lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service /lib/systemd/system/multi-user.target.wants/* \
    /etc/systemd/system/*.wants/* /lib/systemd/system/local-fs.target.wants/* \
    /lib/systemd/system/sockets.target.wants/*udev* /lib/systemd/system/sockets.target.wants/*initctl* \
    /lib/systemd/system/basic.target.wants/*
echo "ReadKMsg=no" >> /etc/systemd/journald.conf
ln -sf /usr/lib/systemd/systemd /sbin/init
# Hosts that withhold CAP_SYS_RESOURCE refuse raised limits and negative OOM scores.
sed -i -E '/^(OOMScoreAdjust|Limit[A-Z]+)=/d' /etc/systemd/system/*.service
sed -i -e 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' \
    -e "s#sandbox_image = .*#sandbox_image = \"$PAUSE\"#" /etc/containerd/config.toml
printf '\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n' >> /etc/containerd/config.toml
systemctl enable kubelet.service containerd.service undo-mount-hacks.service
systemctl mask systemd-binfmt.service
mkdir -p /etc/kubernetes/manifests /etc/containerd/certs.d
ctr oci spec | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"}
    | del(.process.rlimits)' > /etc/containerd/cri-base.json

# The images go into containerd's store unpacked, and only so: kind copies /var for every node.
printf 'version = 3\ndisabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]\n' > /run/import.toml
containerd --config /run/import.toml > /run/import.log 2>&1 &
trap 'kill $! 2> /dev/null || true' EXIT
for _ in $(seq 100); do ctr version > /dev/null 2>&1 && break; sleep 0.1; done
ctr --namespace k8s.io images import --local --label io.cri-containerd.pinned=pinned --discard-unpacked-layers /run/images.tar \
    || { cat /run/import.log >&2; exit 1; }
kill $!
wait $! || true
trap - EXIT
rm -rf /var/lib/containerd/io.containerd.grpc.v1.introspection /var/cache/apt/* /var/lib/apt/lists/* /var/log/*
