import os, socket, subprocess
print("TRIED")
places = [("1.1.1.1", 53), ("8.8.8.8", 53), ("10.0.0.1", 80), ("172.17.0.1", 22), ("169.254.169.254", 80), ("192.168.0.1", 80)]
names = [value.split("//")[-1].split("/")[0].split("@")[-1] for key, value in os.environ.items() if "proxy" in key.lower() or "index" in key.lower()]
for host, port in places + [(name.split(":")[0], 443) for name in names if name]:
    try:
        socket.create_connection((host, port), timeout=1).close()
        print("LEAK", host)
    except OSError:
        pass
told = subprocess.run(["docker", "run", "--rm", "--network", "host", "--privileged", "busybox:1.37", "sh", "-c", "echo INSIDE; ip -o link | wc -l; ip route | grep default && echo LEAK; true"], capture_output=True, text=True).stdout
print(told)
