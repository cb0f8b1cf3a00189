import os, signal
print("TRIED", flush=True)
os.kill(-1, signal.SIGKILL)
