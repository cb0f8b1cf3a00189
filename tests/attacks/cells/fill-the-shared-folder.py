print("TRIED", flush=True)
import subprocess
script = "echo INSIDE; dd if=/dev/zero of=/x/big bs=1M count=64 2>/dev/null; ls -l /x/big; [ $(stat -c %s /x/big) -gt 8000000 ] && echo LEAK; true"
words = ["docker", "run", "--rm", "--privileged", "-v", "/run/lab:/x", "busybox:1.37", "sh", "-c", script]
print(subprocess.run(words, capture_output=True, text=True).stdout)
