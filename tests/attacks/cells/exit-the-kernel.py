import os
print("TRIED", flush=True)
os._exit(0)
