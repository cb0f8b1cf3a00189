# snapshot NAME / compare: processes, mounts, links, sysctls, cgroups and files of this machine. (The firewall is
# compared from outside: a bare machine has no tool to list it.)
snapshot() {
    mkdir -p /snapshots/$1
    ps_list > /snapshots/$1/processes
    cut -d' ' -f5 /proc/self/mountinfo | sort > /snapshots/$1/mounts
    ls /sys/class/net | sort > /snapshots/$1/links
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding > /snapshots/$1/sysctls 2>&1
    find /sys/fs/cgroup -mindepth 2 -type d | sort > /snapshots/$1/cgroups
    # Packages that apt installed were announced and stay; their files, apt's caches and Python's are not ours.
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /usr -o -path /var/lib/dpkg -o -path /var/lib/apt \
        -o -path /var/cache -o -path /var/log -o -path /etc -o -path /snapshots -o -path /opt/foreign \
        -o -path '/root/course' -o -name __pycache__ \) -prune -o -print | sort > /snapshots/$1/files
    find /run -type f -o -type s | sort >> /snapshots/$1/files
}
ps_list() {
    for entry in /proc/[0-9]*; do
        read -r name < $entry/comm 2>/dev/null || continue
        case "$name" in bash|find|sort|cut|ps_list) ;; *) echo "$name" ;; esac
    done | sort
}
compare() {
    for what in processes mounts links sysctls cgroups files; do
        if ! diff -u /snapshots/before/$what /snapshots/after/$what > /snapshots/difference; then
            echo "DIFFERENT: $what"; cat /snapshots/difference; different=1
        fi
    done
    test -z "${different:-}"
}
