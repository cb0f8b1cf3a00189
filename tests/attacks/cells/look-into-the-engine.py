print("TRIED")
import subprocess
script = """
echo INSIDE
for p in /proc/[0-9]*; do
  case $(cat $p/comm) in dockerd|containerd)
    head -c 1 $p/mem >/dev/null 2>&1 && echo LEAK mem
    cat $p/environ >/dev/null 2>&1 && echo LEAK environ
    readlink $p/fd/* 2>/dev/null | grep -q . && echo LEAK fd;;
  esac
done
true
"""
print(subprocess.run(["docker", "run", "--rm", "--privileged", "--pid=host", "busybox:1.37", "sh", "-c", script], capture_output=True, text=True).stdout)
