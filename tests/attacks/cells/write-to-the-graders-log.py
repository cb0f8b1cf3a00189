print("TRIED", flush=True)
import os, time
block, until = b"x" * (1 << 20), time.time() + 5
for number in (1, 2):
    if os.path.isfile(f"/proc/self/fd/{number}"):
        print("LEAK: file", os.readlink(f"/proc/self/fd/{number}"))
while time.time() < until:
    os.write(2, block)
