# QEMU and the kernel are named after the processor. The kernel package is unpacked, not installed: a container boots
# nothing, so the initial file system that its scripts would build is of no use here.
case "$(dpkg --print-architecture)" in
    amd64) qemu=qemu-system-x86 ;;
    arm64) qemu=qemu-system-arm ;;
    *) echo "no virtual machine for $(dpkg --print-architecture)" >&2; exit 1 ;;
esac
apt-get install -y -qq "$qemu" >/dev/null
cd /tmp
wanted=$(apt-cache depends "linux-image-cloud-$(dpkg --print-architecture)" | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
apt-get download -qq -o APT::Sandbox::User=root "$wanted"
dpkg --extract linux-image-*.deb kernel
release=$(basename kernel/boot/vmlinuz-* | sed 's/vmlinuz-//')
mv "kernel/boot/vmlinuz-$release" /vm/kernel
echo "$release" > /vm/release

# The guest's whole user space: BusyBox, an init, and the drivers of its network card.
mkdir -p root/bin root/dev root/proc root/sys root/tmp root/www/cgi-bin root/lib/modules
cp /usr/bin/busybox root/bin/busybox
cp /vm/init root/init
chmod 755 root/init /usr/local/bin/boot /usr/local/bin/vm
modules=$(find kernel -type d -name "$release" -path '*lib/modules*')
depmod --basedir "${modules%/lib/modules/*}" "$release"
modprobe --dirname "${modules%/lib/modules/*}" --set-version "$release" --show-depends virtio_pci >  depends
modprobe --dirname "${modules%/lib/modules/*}" --set-version "$release" --show-depends virtio_net >> depends
sed -n 's/^insmod \([^ ]*\).*/\1/p' depends | while read -r module; do
    name=$(basename "$module"); name=${name%.xz}
    case "$module" in
        *.xz) python3 -c 'import lzma, sys; sys.stdout.buffer.write(lzma.open(sys.argv[1]).read())' "$module" > "root/lib/modules/$name" ;;
        *) cp "$module" "root/lib/modules/$name" ;;
    esac
    grep -qx "$name" root/lib/modules/order 2>/dev/null || echo "$name" >> root/lib/modules/order
done
(cd root && find . | busybox cpio --create --format newc 2>/dev/null | gzip -9) > /vm/initrd
chmod 644 /vm/initrd /vm/release
cd / && rm -rf /tmp/kernel /tmp/root /tmp/depends /tmp/linux-image-*.deb /var/cache/apt/*.bin
