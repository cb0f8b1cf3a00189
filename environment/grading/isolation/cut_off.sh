# Run by root in a node of a grading cluster: from now on neither the node nor a pod reaches anything beyond kind's network,
# not even by asking a name server. Says so the first time.
subnet=$(ip -4 -o route show dev eth0 scope link | cut -d ' ' -f 1 | head -n 1)
ip -6 route del default 2> /dev/null || :
rule="-o eth0 ! -d $subnet"
iptables -C OUTPUT $rule -j REJECT 2> /dev/null || iptables -I OUTPUT $rule -j REJECT
# In mangle, where no network plugin has let a packet through before.
iptables -t mangle -C POSTROUTING $rule -j DROP 2> /dev/null || iptables -t mangle -I POSTROUTING $rule -j DROP
if [ "$(cat /etc/resolv.conf)" != "nameserver 192.0.2.1" ]; then
    echo "nameserver 192.0.2.1" > /etc/resolv.conf
    echo "cut off"
fi
