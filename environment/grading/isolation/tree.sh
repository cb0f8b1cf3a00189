# Sourced by root in a mount namespace of its own: puts together the only files that a lab, or its judge, will see.
#   ROOT   an empty folder for the root file system       ETC    a folder with its /etc
#   BINDS  lines "source target": shown read-only         DISK   where the lab's disk is mounted
umask 022
mount -t tmpfs -o mode=755,size=16m,nosuid,nodev lab "$ROOT"
cd "$ROOT"

show() { # show SOURCE TARGET OPTIONS: a file or folder of this machine, under a name in the lab
    if [ -d "$1" ]; then mkdir -p ".$2"; else mkdir -p ".$(dirname "$2")"; : > ".$2"; fi
    mount --bind "$1" ".$2"
    mount -o "remount,bind,$3" ".$2"
}

show /usr /usr ro,nosuid,nodev
for name in bin sbin lib lib64; do
    if [ -L "/$name" ]; then ln -s "usr/$name" "$name"; elif [ -d "/$name" ]; then show "/$name" "/$name" ro,nosuid,nodev; fi
done
show "$ETC" /etc ro,nosuid,nodev,noexec
echo "$BINDS" | while read -r source target; do
    [ -z "$source" ] || show "$source" "$target" ro,nosuid,nodev
done
for name in null zero full random urandom tty; do
    show "/dev/$name" "/dev/$name" rw,nosuid,noexec
done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mkdir -p dev/shm lab/disk run tmp proc old
mount -t tmpfs -o mode=1777,size=256m,nosuid,nodev tmp tmp
mount -t tmpfs -o mode=1777,size=64m,nosuid,nodev,noexec shm dev/shm
