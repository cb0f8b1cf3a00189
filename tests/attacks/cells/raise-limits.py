print("TRIED")
import resource, os
for path in ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"):
    try:
        open(path, "w").write("-1"); print("LEAK", path)
    except OSError as error:
        pass
for path in ("/course/helpers/checks/verdict.py", "/lab/tools/docker", "/usr/bin/docker-x", "/etc/passwd"):
    try:
        open(path, "a").write("\n"); print("LEAK", path)
    except OSError:
        pass
