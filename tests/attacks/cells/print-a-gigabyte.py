print("TRIED", flush=True)
line = "x" * 100_000
for _ in range(10_000):
    print(line)
