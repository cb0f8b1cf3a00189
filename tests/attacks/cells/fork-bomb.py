import os
print("TRIED", flush=True)
for _ in range(100):
    try:
        if os.fork() == 0:
            while True:
                try:
                    os.fork()
                except OSError:
                    pass
    except OSError:
        pass
