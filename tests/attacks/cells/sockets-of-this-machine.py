print("TRIED")
import socket
for line in open("/proc/net/unix").read().splitlines()[1:]:
    path = line.split()[-1]
    if "containers-course/docker.sock" in path or "jupyter" in path or "/judge" in path:
        print("LEAK", path)
for path in ("/run/containers-course/docker.sock", "/var/run/docker.sock", "/run/docker.sock", "/run/dbus/system_bus_socket"):
    one = socket.socket(socket.AF_UNIX)
    try:
        one.connect(path); print("LEAK", path)
    except OSError:
        pass
