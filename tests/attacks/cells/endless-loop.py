print("TRIED", flush=True)
while True:
    pass
