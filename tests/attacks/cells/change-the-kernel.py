print("TRIED")
import subprocess
script = """
echo INSIDE
for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /proc/sys/vm/drop_caches /sys/kernel/uevent_helper /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /proc/1/oom_score_adj; do
  before=$(cat $f 2>/dev/null)
  case $f in *trigger) word=h;; *drop*) word=1;; *memory*|*pids*) word=99999999999;; *oom*) word=-1000;; *) word='|/tmp/x';; esac
  if echo "$word" > $f 2>/dev/null; then echo LEAK $f; [ -n "$before" ] && echo "$before" > $f; fi
done
mount -o remount,rw /lab 2>/dev/null; mkdir -p /tmp/m; mount -t cgroup -o memory c /tmp/m && echo 99999999999 > /tmp/m/memory.limit_in_bytes && echo LEAK cgroup
true
"""
print(subprocess.run(["docker", "run", "--rm", "--privileged", "--pid=host", "--cgroupns=host", "-v", "/sys/fs/cgroup:/sys/fs/cgroup", "busybox:1.37", "sh", "-c", script], capture_output=True, text=True).stdout)
