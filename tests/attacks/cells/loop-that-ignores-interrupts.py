import signal, threading
print("TRIED", flush=True)
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    pass
