print("TRIED", flush=True)
import subprocess
for number in range(60):
    subprocess.run(["docker", "run", "-d", "--restart=always", "busybox:1.37", "sh", "-c", "while :; do :; done"], capture_output=True)
